"""What may go wrong between a run and its MLflow server, and how loudly."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Hide warnings that a person can do nothing about, and urllib3's of each retry: we say once what failed."""
    retries = logging.getLogger("urllib3.connectionpool")
    before = retries.level
    retries.setLevel(logging.ERROR)
    try:
        with _known_warnings_hidden():
            yield
    finally:
        retries.setLevel(before)


@contextmanager
def _known_warnings_hidden() -> Iterator[None]:
    with warnings.catch_warnings():
        # mlflow 3.17 maps its tables in a way that SQLAlchemy 2.1 deprecates.
        warnings.filterwarnings("ignore", message="The ``noload`` loader strategy is deprecated")
        # mlflow complains of type hints of its own when pyfunc is imported.
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType")
        yield


def root(error: BaseException) -> BaseException:
    """The refusal or time-out of the system beneath an error, which says more than what is wrapped around it."""
    deepest = error
    while (below := deepest.__cause__ or deepest.__context__) is not None:
        deepest = below
    return deepest if isinstance(deepest, OSError) else error


def failures() -> tuple[type[BaseException], ...]:
    """What a failing server, database or store may raise; asked once something was raised, so nothing is imported."""
    names = (
        ("mlflow.exceptions", "MlflowException"),
        ("urllib3.exceptions", "HTTPError"),
        ("sqlalchemy.exc", "SQLAlchemyError"),
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("boto3.exceptions", "Boto3Error"),
        ("google.api_core.exceptions", "GoogleAPIError"),
        ("azure.core.exceptions", "AzureError"),
    )
    loaded: list[type[BaseException]] = [
        getattr(sys.modules[module], name) for module, name in names if module in sys.modules
    ]
    return (OSError, *loaded)
