"""Posts that a recall or reassignment has left open are filled by the next posting of the same unit in the village."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from app.access.call import Call
from app.access.scope import visible
from app.models import Posting, Vacancy


def fill_vacancies(call: Call, postings: Iterable[Posting]) -> None:
    """Each new posting fills at most one, the oldest that was open when it starts."""
    new = sorted(postings, key=lambda posting: (posting.starts_on, posting.id))
    villages = {posting.village_code for posting in new}
    if not villages:
        return
    open_posts: dict[tuple[str, UUID], list[Vacancy]] = defaultdict(list)
    query = (
        select(Vacancy)
        .where(visible(call.viewer, Vacancy), Vacancy.filled_by.is_(None), Vacancy.village_code.in_(villages))
        .order_by(Vacancy.opened_on, Vacancy.id)
    )
    for vacancy in call.session.scalars(query):
        open_posts[vacancy.village_code, vacancy.unit_id].append(vacancy)
    for posting in new:
        waiting = open_posts[posting.village_code, posting.unit_id]
        filled = next((post for post in waiting if post.opened_on <= posting.starts_on), None)
        if filled is not None:
            filled.filled_by, filled.filled_on = posting.id, posting.starts_on
            waiting.remove(filled)
    call.session.flush()
