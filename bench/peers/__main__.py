"""`python -m bench.peers NAME`: serve one of them as the service is served."""

import os
import sys
from importlib import import_module

import uvicorn


def main() -> None:
    app = import_module(f"bench.peers.{sys.argv[1]}").app
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_level="warning", backlog=2048
    )


if __name__ == "__main__":
    main()
