"""The nodes as ComfyUI lists them."""

NODES = {
    "DragKitDragPoints",
    "DragKitDragPointsPreview",
    "DragKitKVCacheInversion",
    "DragKitLatentWarpage",
    "DragKitBNNI",
    "DragKitApplyKVCache",
    "DragKitFlowPreview",
    "DragKitDemoModel",
    "DragKitLoadMotionPredictor",
    "DragKitMotionPrediction",
    "DragKitSelectPoints",
    "DragKitMotionSupervision",
    "DragKitDynaDrag",
    "DragKitLoadFlowGen",
    "DragKitFlowGen",
    "DragKitLoadFlowDiffusion",
    "DragKitInstantDragConditioning",
    "DragKitIdentityLoRA",
    "DragKitApplyLightningDrag",
    "DragKitDragWarp",
    "DragKitLoadLightningDrag",
    "DragKitRegionDrag",
    "DragKitPasteBack",
    "DragKitDragPointsFromTracks",
    "DragKitTracksFromDragPoints",
    "DragKitRegionFromPicture",
    "DragKitRegionFromAttention",
    "DragKitAnchorBackground",
    "DragKitFillWithNoise",
    "DragKitRecompositionMasks",
    "DragKitDragRecomposition",
}


def test_every_node_is_there_with_tooltips_and_a_help_page(comfy):
    info = comfy.object_info()
    assert {name for name in info if name.startswith("DragKit")} == NODES
    for name in NODES:
        assert info[name]["category"] == "DragKit" and info[name]["description"]
        for group in ("required", "optional"):
            for key, spec in info[name]["input"].get(group, {}).items():
                assert spec[1].get("tooltip"), f"{name}.{key}"
        assert all(info[name]["output_tooltips"]), name
        assert not set(info[name]["output_name"]) & set(info[name]["output"]), f"{name}: outputs named by their type"
        page = comfy.folder / "custom_nodes/dragkit/web/docs" / f"{name}.md"
        assert len(page.read_text()) > 300
    assert comfy.complaints(until=comfy.started) == []
