"""The ComfyUI door: schemas and a few lines of execute over the kernels; may import kernels, weights and comfy."""

from comfy_api.latest import ComfyExtension

from .demo_model import DemoModel
from .dynadrag.identity_lora import IdentityLoRA
from .dynadrag.motion_supervision import MotionSupervision
from .dynadrag.predict_and_move import DynaDrag
from .dynadrag.select_points import SelectPoints
from .fastdrag.anchor import AnchorBackground
from .fastdrag.holes import BNNI, FillWithNoise
from .fastdrag.kv_cache import ApplyKVCache, KVCacheInversion
from .fastdrag.latent_warpage import LatentWarpage
from .instantdrag.conditioning import InstantDragConditioning
from .instantdrag.flow_diffusion import LoadFlowDiffusion
from .instantdrag.flowgen import FlowGenNode, LoadFlowGen
from .lightningdrag.apply import ApplyLightningDrag
from .lightningdrag.load import LoadLightningDrag
from .motion.flow_preview import FlowPreview
from .motion.prediction import LoadMotionPredictor, MotionPrediction
from .motion.region_drag import RegionDrag
from .points.drag_points import DragPointsNode
from .points.found_regions import RegionFromAttention, RegionFromPicture
from .points.preview import DragPointsPreview
from .points.tracks import DragPointsFromTracks, TracksFromDragPoints
from .warp.paste import PasteBack
from .warp.picture import DragWarp
from .warp.recomposition import DragRecomposition
from .warp.recomposition_masks import RecompositionMasks


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
            PasteBack,
            DragPointsFromTracks,
            TracksFromDragPoints,
            RegionFromPicture,
            RegionFromAttention,
            AnchorBackground,
            FillWithNoise,
            RecompositionMasks,
            DragRecomposition,
        ]
