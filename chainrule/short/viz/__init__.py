"""`viz`, the short name of chainrule.viz. Installed as a package of its own; a clone has the room itself instead."""

from chainrule.viz import *  # noqa: F403  (for editors; the next line makes both names one module)

from chainrule.rooms import share

share(__name__)
