"""The network that a benchmark's parameters describe."""

from litesmith.params.sections.network import NetworkParams, NetworkSpec
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.training.networks import image_shape, network_spec
from tasks import catalog


def read_form() -> DataForm:
    """Return the form of the prepared images."""
    return read_record(catalog.FORM, DataForm)


def network_for(params: NetworkParams) -> NetworkSpec:
    """Return the network for the prepared images."""
    return network_spec(params, image_shape(read_form()))
