"""How every shipped network is trained again; may import models, methods and scenes."""
