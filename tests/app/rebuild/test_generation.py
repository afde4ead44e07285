"""The topics of a generation that is not finished."""

from app.rebuild.generation import behind_the_mark, hidden, mark
from app.settings import Settings
from app.topology import topology

SETTINGS = Settings(app_id="giftstream-2", topic_prefix="live.")


def test_what_readers_see_is_hidden_and_nothing_else() -> None:
    public, names = topology(SETTINGS), hidden(SETTINGS)
    aside = {mark(names).name, *(topic.name for topic in behind_the_mark(names))}
    assert aside == {topic.name for topic in names} - {topic.name for topic in public}
    assert {name.removeprefix("giftstream-2-rebuild.") for name in aside} == {
        "stream-totals.v1",
        "leaderboards.gifters.v1",
        "engagement-spikes.v1",
        "gifts.dead-letter.v1",
    }
    assert (names.gifts, names.partials, names.changelog) == (public.gifts, public.partials, public.changelog)


def test_a_hidden_topic_is_made_as_the_public_one() -> None:
    public, names = topology(SETTINGS), hidden(SETTINGS)
    assert (names.totals.partitions, names.totals.configs) == (public.totals.partitions, public.totals.configs)
