"""How a ligand ends without a result: refused (its input is the reason) or failed (the calculation is), each with a code of the
contract."""

EXIT_OK = 0
EXIT_REFUSED = 3
EXIT_INTERNAL = 70
EXIT_IO = 74
EXIT_INTERRUPTED = 75


class Ending(Exception):
    """Ends the work on one ligand. `code` is a name of the contract; `message` says what was wanted and what was found."""

    status = "failed"

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Refusal(Ending):
    """The input asks for something this worker will not do."""

    status = "refused"


class Failure(Ending):
    """The input was accepted and the calculation did not succeed."""

    status = "failed"
