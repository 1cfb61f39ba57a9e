"""The widget that repaints only what changed."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from tui.render.cells import DEFAULT, Grid
from tui.widgets.cellgrid import CellGrid


class Bench(App[None]):
    CSS = "CellGrid { width: 20; height: 5; } .auto { width: auto; height: auto; }"

    def __init__(self, classes: str = "") -> None:
        super().__init__()
        self._grid_classes = classes
        self.clicks: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield CellGrid(classes=self._grid_classes)

    def on_cell_grid_clicked(self, event: CellGrid.Clicked) -> None:
        self.clicks.append((event.x, event.y))


def lines(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


@pytest.fixture
def repainted(monkeypatch) -> list[tuple[Region, ...]]:
    """What every refresh of a CellGrid was asked to repaint; an empty tuple is everything."""
    asked: list[tuple[Region, ...]] = []
    refresh = CellGrid.refresh

    def note(self, *regions, **options):
        asked.append(regions)
        return refresh(self, *regions, **options)

    monkeypatch.setattr(CellGrid, "refresh", note)
    return asked


def grid_of(text: str) -> Grid:
    grid = Grid.blank(20, 5)
    for y, line in enumerate(text.split("\n")):
        grid.put(0, y, line)
    return grid


async def test_only_the_changed_cells_are_repainted_and_they_show(repainted):
    async with Bench().run_test(size=(40, 8)) as pilot:
        widget = pilot.app.query_one(CellGrid)
        widget.show(grid_of("hello\nworld"))
        await pilot.pause()
        repainted.clear()
        widget.show(grid_of("hello\nwurld"))
        await pilot.pause()
        assert repainted == [(Region(1, 1, 1, 1),)]
        assert [line.rstrip() for line in lines(pilot.app)[:2]] == ["hello", "wurld"]


async def test_showing_the_same_again_repaints_nothing(repainted):
    async with Bench().run_test(size=(40, 8)) as pilot:
        widget = pilot.app.query_one(CellGrid)
        widget.show(grid_of("hello"))
        widget.border_title = "a title"
        await pilot.pause()
        repainted.clear()
        widget.show(grid_of("hello"))
        widget.border_title = "a title"
        await pilot.pause()
        assert repainted == []
        widget.border_title = "another"
        assert repainted == [()]
        assert widget.border_title == "another"


async def test_a_drawing_is_asked_again_for_another_size():
    async with Bench().run_test(size=(40, 8)) as pilot:
        widget = pilot.app.query_one(CellGrid)
        sizes = []

        def renderer(width: int, height: int) -> Grid:
            sizes.append((width, height))
            return Grid.blank(width, height)

        widget.draw(renderer)
        widget.styles.width = 30
        await pilot.pause()
        assert sizes == [(20, 5), (30, 5)]
        widget.show(Grid.blank(1, 1))
        widget.styles.width = 10
        await pilot.pause()
        assert len(sizes) == 2


async def test_a_grid_smaller_or_larger_than_the_widget_is_filled_or_cut():
    async with Bench().run_test(size=(20, 5)) as pilot:
        widget = pilot.app.query_one(CellGrid)
        widget.show(Grid.of("ab"))
        await pilot.pause()
        assert lines(pilot.app) == ["ab" + " " * 18, *[" " * 20] * 4]
        widget.show(Grid.of("\n".join("x" * 50 for _ in range(9))))
        await pilot.pause()
        assert lines(pilot.app) == ["x" * 20] * 5


async def test_sized_by_its_content_it_follows_the_grid():
    async with Bench("auto").run_test(size=(40, 8)) as pilot:
        widget = pilot.app.query_one(CellGrid)
        widget.show(Grid.of("abc\nd"))
        await pilot.pause()
        assert tuple(widget.size) == (3, 2)
        widget.show(Grid.of("abcdef"))
        await pilot.pause()
        assert tuple(widget.size) == (6, 1)


async def test_every_segment_has_a_style_and_the_colours_of_the_cells():
    async with Bench().run_test(size=(20, 5)) as pilot:
        widget = pilot.app.query_one(CellGrid)
        grid = Grid.blank(20, 5)
        grid.put(0, 0, "ab", 0xFF0000, 0x00FF00, bold=True)
        grid.put(2, 0, "c", DEFAULT, DEFAULT)
        widget.show(grid)
        strip = widget.render_line(0)
        assert strip.cell_length == 20
        assert all(segment.style is not None for segment in strip)
        first = next(iter(strip))
        assert first.text == "ab"
        assert first.style.bold
        assert first.style.color.triplet.hex == "#ff0000"
        assert first.style.bgcolor.triplet.hex == "#00ff00"


async def test_a_click_names_the_cell():
    app = Bench()
    async with app.run_test(size=(40, 8)) as pilot:
        app.query_one(CellGrid).show(grid_of("hello"))
        await pilot.pause()
        await pilot.click(CellGrid, offset=(3, 0))
        assert app.clicks == [(3, 0)]
