"""The taskset of ``interplay.adapters.verifiers`` under a name that the package ``verifiers`` finds: ``interplay-steps``.

verifiers (0.4) imports a plugin as the top-level module of its id and takes the taskset that its ``__all__`` names
(``verifiers/v1/utils/loaders.py``).

>>> import verifiers.v1 as vf
>>> taskset = vf.load_taskset(vf.taskset_config_type("interplay-steps")(id="interplay-steps", op="2-4", size=100))
"""

from interplay.adapters.verifiers import InterplayTaskset

__all__ = ["InterplayTaskset"]
