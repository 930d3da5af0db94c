"""A KeyboardInterrupt at a chosen line, for tests of what Ctrl-C leaves behind."""

import sys


class Interrupted:
    """Raises a KeyboardInterrupt before the k-th line that is run in files whose name ends so.

    `within`: only while a function of one of these names is running.
    """

    def __init__(self, k, *files, within=()):
        self.left, self.files, self.within = k, files, within

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self._call)

    def __exit__(self, *_):
        sys.settrace(self.before)

    def _call(self, frame, event, argument):
        return self._line if frame.f_code.co_filename.endswith(self.files) and self._is_within(frame) else None

    def _is_within(self, frame):
        while self.within and frame is not None and frame.f_code.co_name not in self.within:
            frame = frame.f_back
        return frame is not None

    def _line(self, frame, event, argument):
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._line
