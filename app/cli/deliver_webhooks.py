"""`deliver-webhooks`: one pass over what is due, for servers that leave it to a scheduler."""

from app import clock
from app.cli import opening
from app.cli.console import say
from app.cli.root import app
from app.webhooks.delivery import deliver_due, sweep


@app.command("deliver-webhooks")
def deliver_webhooks() -> None:
    """发送所有到期的事件通知；事件发生三十天后清理，含已放弃的（可重复运行）。

    Send what is due; events go thirty days after they happened, also what was given up.
    """
    settings = opening.load_settings()
    with opening.sole_use(settings, wait_seconds=30), opening.open_database(settings) as database:
        tally = deliver_due(database, settings, clock.now)
        sweep(database, clock.now())
    say(f"已送达 {tally.delivered} 条，未送达 {tally.failed} 条（将按计划重试）。")
