"""What nodes that were added and removed leave behind in the page."""

ADD_AND_REMOVE = """async (kind) => {
  const nodes = [];
  for (let i = 0; i < 30; i++) {
    const node = LiteGraph.createNode(kind);
    node.pos = [40 * (i % 6), 40 * Math.floor(i / 6)];
    app.graph.add(node);
    nodes.push(node);
  }
  await ticks(6);
  for (const node of nodes) app.graph.remove(node);
  await ticks(6);
}"""


def test_thirty_nodes_leave_no_more_than_nodes_of_comfyui_do(ui):
    client = ui.page.context.new_cdp_session(ui.page)
    client.send("Performance.enable")

    def count():
        for _ in range(2):
            client.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in client.send("Performance.getMetrics")["metrics"]}
        return metrics["Nodes"], metrics["JSEventListeners"]

    def left(kind):
        # the first ones may stay in caches
        ui.js(ADD_AND_REMOVE, kind)
        before = count()
        ui.js(ADD_AND_REMOVE, kind)
        return [after - one for after, one in zip(count(), before, strict=True)]

    # Nodes 2.0 keeps elements of every slot and widget that it has shown
    stock = [
        left(kind)
        for kind in (
            ("CLIPTextEncode", "KSamplerAdvanced") if ui.js("() => LiteGraph.vueNodesMode") else ("CLIPTextEncode",)
        )
    ]
    elements, listeners = map(max, zip(*stock, strict=True))
    own_elements, own_listeners = left("DragKitDragPoints")
    # of a page that lives
    assert own_elements <= elements + 60, (own_elements, stock)
    assert own_listeners <= listeners + 60, (own_listeners, stock)
    client.detach()
