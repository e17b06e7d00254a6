"""Where the packages are that the user's code imports: read where a base class leads there."""

from __future__ import annotations

import glob
import os
import sysconfig


def site_packages() -> tuple[str, ...]:
    """The folders of installed packages: of the active environment, else of this interpreter."""
    active = os.environ.get("VIRTUAL_ENV")
    if active:
        places = sorted(glob.glob(os.path.join(glob.escape(active), "lib", "python*")))
        found = [os.path.join(place, "site-packages") for place in places]
        found.append(os.path.join(active, "Lib", "site-packages"))
    else:
        found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return tuple(dict.fromkeys(filter(os.path.isdir, map(os.path.abspath, found))))
