"""A node's help page, opened as the README says: by the button above the selected node."""


def test_the_button_above_a_selected_node_opens_its_help_with_the_picture(ui):
    node = ui.node("DragKitDragPoints", [300, 150])
    ui.js("(id) => app.canvas.selectNode(nodeOf(id))", node)
    # the toolbox follows its node in an animation, which on a busy machine never stands still for a click
    ui.page.dispatch_event("[data-testid=info-button]", "click")
    try:
        ui.wait("() => document.body.innerText.includes('Says where the picture is taken hold of (handles)')")
        ui.wait("() => document.querySelector('img[src$=\"docs/editor.jpg\"]')?.naturalWidth > 0")
    finally:
        # new frontends open the page at the right and leave it there; old ones at the left, where Ui.clear closes it
        for toggle in ui.page.query_selector_all("[aria-label='Toggle properties panel']"):
            toggle.click()
