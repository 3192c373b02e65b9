"""Files of weights in ComfyUI's folders."""

import pytest

from .conftest import ComfyError

LOADERS = {
    "DragKitLoadMotionPredictor": "predictor",
    "DragKitLoadFlowGen": "flowgen",
    "DragKitLoadFlowDiffusion": "model_name",
    "DragKitLoadLightningDrag": "model_name",
}


@pytest.mark.parametrize("node", LOADERS)
def test_a_file_that_is_gone_is_named(comfy, node):
    graph = comfy.graph()
    graph.dump(graph.node(node, **{LOADERS[node]: "gone.safetensors"}), "never")
    try:
        message = comfy.run_error(graph)
        assert ": there is no gone.safetensors in " in message
    except ComfyError as refused:
        # 0.3.64 does not look before it runs the node
        assert "value_not_in_list" in str(refused) and "gone.safetensors" in str(refused)
