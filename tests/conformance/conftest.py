"""What the conformance cases share."""

from __future__ import annotations

import pytest

from tlm.core import check_protocol


@pytest.fixture(params=[False, True], ids=["unchecked", "checked"])
def connect(request):
    """Binds an initiator's port to a target's; a protocol checker in between changes nothing."""

    def bind(initiator, target):
        initiator.port >> target.port
        if request.param:
            check_protocol(initiator.port)

    return bind
