"""The ComfyUI door: node schemas and a few lines of execute over the kernels."""

from comfy_api.latest import ComfyExtension

from .consistency import ApplyKVCache, KVCacheInversion
from .demo_model import DemoModel
from .drag_warp import DragWarp
from .dynadrag import DynaDrag
from .flow import FlowPreview
from .flow_diffusion import LoadFlowDiffusion
from .flowgen import FlowGenNode, LoadFlowGen
from .identity_lora import IdentityLoRA
from .instantdrag import InstantDragConditioning
from .lightningdrag import ApplyLightningDrag
from .lightningdrag_files import LoadLightningDrag
from .motion import LoadMotionPredictor, MotionPrediction
from .points import DragPointsNode, DragPointsPreview
from .region_drag import RegionDrag
from .supervision import MotionSupervision, SelectPoints
from .warpage import BNNI, LatentWarpage


class DragKit(ComfyExtension):
    async def get_node_list(self):
        return [
            DragPointsNode,
            DragPointsPreview,
            KVCacheInversion,
            LatentWarpage,
            BNNI,
            ApplyKVCache,
            FlowPreview,
            DemoModel,
            LoadMotionPredictor,
            MotionPrediction,
            SelectPoints,
            MotionSupervision,
            DynaDrag,
            LoadFlowGen,
            FlowGenNode,
            LoadFlowDiffusion,
            InstantDragConditioning,
            IdentityLoRA,
            LoadLightningDrag,
            ApplyLightningDrag,
            DragWarp,
            RegionDrag,
        ]
