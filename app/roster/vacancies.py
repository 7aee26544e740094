"""Posts that a recall or reassignment has left open are filled by the next posting of the same unit in the village."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from app.access.call import Call
from app.access.scope import visible
from app.models import Posting, Vacancy
from app.policy.recall_procedure import Place, fills


def fill_vacancies(call: Call, postings: Iterable[Posting]) -> None:
    """Each new posting fills at most one: the oldest that was open when it starts and that another cadre left."""
    new = sorted(postings, key=lambda posting: (posting.starts_on, posting.id))
    villages = {posting.village_code for posting in new}
    if not villages:
        return
    open_posts: dict[tuple[str, UUID], list[tuple[Vacancy, UUID]]] = defaultdict(list)
    query = (
        select(Vacancy, Posting.cadre_id)
        .join(Posting, Posting.id == Vacancy.posting_id)
        .where(visible(call.viewer, Vacancy), Vacancy.filled_by.is_(None), Vacancy.village_code.in_(villages))
        .order_by(Vacancy.opened_on, Vacancy.id)
    )
    for vacancy, left_by in call.session.execute(query):
        open_posts[vacancy.village_code, vacancy.unit_id].append((vacancy, left_by))
    for posting in new:
        waiting = open_posts[posting.village_code, posting.unit_id]
        for place in waiting:
            vacancy, left_by = place
            sent = Place(posting.village_code, posting.cadre_id, posting.starts_on)
            if fills(sent, Place(vacancy.village_code, left_by, vacancy.opened_on)):
                vacancy.filled_by, vacancy.filled_on = posting.id, posting.starts_on
                waiting.remove(place)
                break
    call.session.flush()
