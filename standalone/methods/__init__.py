"""An edit by each method on a DragModel; may import models and what models may."""
