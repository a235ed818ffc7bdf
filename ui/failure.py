"""What happens when the screen itself is at fault: the traceback for the log, calm words for people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from kivy.base import ExceptionHandler, ExceptionManager

log = logging.getLogger(__name__)


class CalmFailure(ExceptionHandler):  # type: ignore[misc]
    """Hands a fault in any callback to `calm`; where even that fails, the process ends, to start anew."""

    def __init__(self, calm: Callable[[], bool]) -> None:
        super().__init__()
        self._calm = calm

    def handle_exception(self, inst: BaseException) -> Any:
        if isinstance(inst, (KeyboardInterrupt, SystemExit)):
            return ExceptionManager.RAISE
        log.error("internal", exc_info=inst)
        return ExceptionManager.PASS if self._calm() else ExceptionManager.RAISE
