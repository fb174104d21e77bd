"""The measures: what is computed from an arm at its recorded steps, declared an entry each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

from .entry import Entry
from .families import CLASSES, COORDINATES, GENERAL, GROUP, LINEAR101, PARITY, SPECTRUM, TABLE, Family
from .measure import Frequencies, Llc, Measure, MeasureSpec, SingularValues
from .models import ModelSpec
from .plugins import require
from .registry import Registry, by_name, is_name
from .seen import ENVELOPE
from .sizes import of_coordinates, of_pairs, of_samples, of_singular_values
from .tasks import TaskSpec


def _measure(implementation: str, says: str, family: Family, **properties: Any) -> Measure:
    """Return the entry of a measure of this package."""
    return Measure(
        implementation=f"grok_tui.lab.measures.{implementation}", says=says, family=family, **properties
    )


class Measures(Registry[MeasureSpec]):
    """The registry of measures, whose entries say more than what a spec can."""

    def __getitem__(self, name: str) -> Measure:
        """Return a measure; as `Registry` does."""
        entry = super().__getitem__(name)
        assert isinstance(entry, Measure), "no other passes the check"
        return entry

    def _fitting(self, entry: Entry[MeasureSpec]) -> Entry[MeasureSpec]:
        require(isinstance(entry, Measure), f"is {type(entry).__name__}, not a Measure")
        assert isinstance(entry, Measure)
        require(isinstance(entry.says, str), f"what it says is {type(entry.says).__name__}, not a text")
        require(isinstance(entry.family, Family), f"its family is {entry.family!r}, none of `families`")
        require(entry.needs is None or callable(entry.needs), "its needs is no function")
        axes = isinstance(entry.axes, tuple) and all(
            isinstance(one, str) and is_name(one) for one in entry.axes
        )
        require(axes, f"its axes are {entry.axes!r}, not a tuple of names")
        require(entry.sizes is None or callable(entry.sizes), "its sizes is no function")
        return entry


MEASURES = Measures(
    "measure",
    MeasureSpec,
    _measure("general:train_loss", "loss on all training samples", GENERAL),
    _measure("general:val_loss", "loss on the validation samples", GENERAL),
    _measure("general:train_accuracy", "share of training samples that are right", GENERAL),
    _measure("general:val_accuracy", "share of validation samples that are right", GENERAL),
    _measure("general:l2_norm", "||theta||_2", GENERAL),
    _measure("general:linf_norm", "max |theta_i|", GENERAL),
    _measure("general:distance_from_init", "||theta - theta_0||_2", GENERAL),
    _measure("general:l1_norm", "sum |theta_i| (taken where it is asked for)", GENERAL, costly=True),
    _measure("framed:frame_l1_norm", "the same in the arm's frame (as asked for)", GENERAL, costly=True),
    _measure("framed:frame_l2_norm", "||theta||_2 in the arm's frame (as asked for)", GENERAL, costly=True),
    _measure(
        "framed:frame_linf_norm", "max |theta_i| in the arm's frame (as asked for)", GENERAL, costly=True
    ),
    _measure("coordinates:memorizer_mean", "mean of the memorizing coordinates", COORDINATES),
    _measure("coordinates:memorizer_min", "smallest memorizing coordinate", COORDINATES),
    _measure("coordinates:memorizer_max", "largest memorizing coordinate", COORDINATES),
    _measure("coordinates:memorizer_sd", "standard deviation over the memorizing coordinates", COORDINATES),
    _measure("coordinates:generalizer_mean", "mean of the generalizing coordinates", COORDINATES),
    _measure(
        "coordinates:coordinates",
        "the weights in the task's own terms (a vector; taken where it is asked for)",
        COORDINATES,
        costly=True,
        axes=("coordinate",),
        sizes=of_coordinates,
        shown="history",
    ),
    _measure(
        "coordinates:generalizes",
        "which coordinates generalize: 1; the others, 0, memorize (a vector; taken where it is asked for)",
        COORDINATES,
        costly=True,
        axes=("coordinate",),
        sizes=of_coordinates,
        shown="latest",
    ),
    _measure(
        "margins:margin_mean",
        "mean over the training samples of the right score less the best other one, or y f",
        CLASSES,
    ),
    _measure(
        "margins:margin_min",
        "least margin of a training sample; positive where all are right",
        CLASSES,
    ),
    _measure(
        "margins:margins",
        "margin of each training sample, NaN where it is withheld (a vector; taken where it is asked for)",
        CLASSES,
        costly=True,
        axes=("sample",),
        sizes=of_samples,
        shown="latest",
    ),
    _measure(
        "margins:zero_loss_share",
        "share of training samples whose loss is exactly 0"
        " (Prieto et al.: whose exponentials sum to 1, right or not)",
        CLASSES,
    ),
    _measure("norms:parameter_count", "number of parameters", CLASSES),
    _measure("norms:embedding_norm", "L2 norm of the matrix that reads the inputs", CLASSES),
    _measure("norms:hidden_norm", "L2 norm of all parameters between embedding and readout", CLASSES),
    _measure("norms:unembedding_norm", "L2 norm of the readout", CLASSES),
    _measure("norms:embedding_linf", "largest absolute weight of the matrix that reads the inputs", CLASSES),
    _measure("norms:hidden_linf", "largest absolute parameter between embedding and readout", CLASSES),
    _measure("norms:unembedding_linf", "largest absolute weight of the readout", CLASSES),
    _measure(
        "movement:linf_distance_from_init",
        "max |theta_i - theta_0i| (taken where it is asked for)",
        CLASSES,
        costly=True,
    ),
    _measure(
        "framed:frame_linf_distance_from_init",
        "the same in the arm's frame (as asked for)",
        CLASSES,
        costly=True,
    ),
    _measure(
        "framed:frame_embedding_linf",
        "embedding_linf in the arm's frame (as asked for)",
        CLASSES,
        costly=True,
    ),
    _measure(
        "framed:frame_hidden_linf", "hidden_linf in the arm's frame (as asked for)", CLASSES, costly=True
    ),
    _measure(
        "framed:frame_unembedding_linf",
        "unembedding_linf in the arm's frame (as asked for)",
        CLASSES,
        costly=True,
    ),
    _measure(
        "movement:activation_change",
        "distance of the last hidden activations from those at the start, relative to these (costly)",
        CLASSES,
        costly=True,
        traced=False,
    ),
    _measure(
        "movement:linearization_error",
        "of the outputs' change since the start, the share that is not linear in the weights (costly)",
        CLASSES,
        costly=True,
        traced=False,
    ),
    _measure(
        "curvature:sharpness",
        "largest eigenvalue of the Hessian of the training loss (costly)",
        CLASSES,
        costly=True,
        traced=False,
    ),
    _measure(
        "curvature:flat_directions",
        "share of the training loss's Hessian eigenvalues below a thousandth of the largest (costly)",
        CLASSES,
        costly=True,
        traced=False,
    ),
    _measure(
        "singular:singular_values",
        "singular values of the readout or another layer, the largest first (a vector, costly)",
        CLASSES,
        spec=SingularValues,
        costly=True,
        axes=("index",),
        sizes=of_singular_values,
    ),
    _measure(
        "learning_coefficient:llc",
        "local learning coefficient of the training loss, by Langevin dynamics (costly)",
        CLASSES,
        spec=Llc,
        costly=True,
        traced=False,
    ),
    _measure(
        "learning_coefficient:llc_rescaled",
        "the same of the network divided by its least training margin (costly)",
        CLASSES,
        spec=Llc,
        costly=True,
        traced=False,
    ),
    _measure(
        "spectrum:embedding_power",
        "power of the embedding by frequency (a vector; taken where it is asked for)",
        SPECTRUM,
        costly=True,
        axes=("frequency",),
        sizes=of_coordinates,
    ),
    _measure(
        "spectrum:key_frequencies",
        "frequencies that stand out in the embedding: twice their fair share of its power",
        SPECTRUM,
    ),
    _measure(
        "spectrum:embedding_gini",
        "Gini coefficient of the embedding's norms by frequency; 0: all alike",
        SPECTRUM,
    ),
    _measure(
        "spectrum:embedding_ipr",
        "inverse participation ratio of the embedding's power by frequency; 1: a single one",
        SPECTRUM,
    ),
    _measure("spectrum:unembedding_gini", "Gini coefficient of the readout's norms by frequency", SPECTRUM),
    _measure(
        "spectrum:unembedding_ipr",
        "inverse participation ratio of the readout's power by frequency",
        SPECTRUM,
    ),
    _measure(
        "progress:restricted_loss",
        "loss on all pairs when the scores keep the mean and the key frequencies alone, if there are any",
        GROUP,
        spec=Frequencies,
    ),
    _measure(
        "progress:excluded_loss",
        "loss on the training samples when the key frequencies are taken out of the scores, all at once",
        GROUP,
        spec=Frequencies,
    ),
    _measure(
        "progress:restricted_loss_final_keys",
        "restricted loss with the key frequencies of the final network, asked at the end about the way there",
        GROUP,
        costly=True,
        looks_back=True,
    ),
    _measure(
        "progress:excluded_loss_final_keys",
        "excluded loss with the key frequencies of the final network, asked at the end about the way there",
        GROUP,
        costly=True,
        looks_back=True,
    ),
    _measure(
        "progress:logit_formula_r2",
        "share of the scores' variance that sum_k A_k cos(w_k (x o y - c)) explains",
        GROUP,
    ),
    _measure(
        "grid:pairs",
        "each pair of a table, by x and y: 0 wrong, 1 right, 2 trained, 3 trained and wrong, -1 no sample"
        " (a matrix; taken where it is asked for)",
        TABLE,
        costly=True,
        axes=("x", "y"),
        sizes=of_pairs,
        shown="latest",
    ),
    _measure("coordinates:bias", "weight of the feature that all samples share", LINEAR101),
    _measure(
        "parity:secret_ratio",
        "mean square of the first layer's weights on secret bits over that on others, relative to the start",
        PARITY,
    ),
    _measure(
        "parity:secret_share",
        "share of the first layer's movement ||W - W_0||_2 that is on secret bits; sqrt(k / n) by chance",
        PARITY,
    ),
    _measure("parity:first_layer_change", "largest |W - W_0| in the first layer", PARITY),
    _measure(
        "parity:active_units",
        "hidden units that suffice for the same predictions on the training samples (costly)",
        PARITY,
        costly=True,
        traced=False,
    ),
    _measure(
        "parity:fourier_gap",
        "by how much the best hidden unit's Fourier coefficients on all but one secret bit"
        " exceed those on all and one more; NaN for n > 16 (costly)",
        PARITY,
        costly=True,
        traced=False,
    ),
    plugins="grok_tui.measures",
)
"""In the order of logs and exports."""


def _of_its_name(given: Any) -> Any:
    table = by_name(given)
    name = table.get("name") if isinstance(table, Mapping) else None
    if isinstance(name, str) and name not in MEASURES:
        raise PydanticCustomError("measure_unknown", "{problem}", {"problem": MEASURES.unknown(name)})
    return table


def _as_written(measure: MeasureSpec) -> Any:
    said = measure.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    return {"name": measure.name, **said} if said else measure.name


AnyMeasure = Annotated[MeasureSpec, MEASURES, BeforeValidator(_of_its_name), PlainSerializer(_as_written)]
"""A measure as presets state it: a name, or a table where its settings are not the usual ones."""


def shipped(family: Family) -> dict[str, str]:
    """Return the measures of a family: name -> one line of help."""
    return {name: MEASURES[name].help for name in MEASURES.shipped if MEASURES[name].family is family}


def families() -> dict[str, dict[str, str]]:
    """Return which arms have which measures: by `Family.had_by`, name -> one line of help."""
    found = dict.fromkeys(MEASURES[name].family for name in MEASURES.shipped)
    return {family.had_by: shipped(family) | (ENVELOPE if family is GENERAL else {}) for family in found}


def shown_of(task: TaskSpec, model: ModelSpec) -> tuple[str, ...]:
    """Return the vectors of an arm that those who look on are shown although nobody asked for them."""
    return tuple(name for name, measure in measures_of(task, model).items() if measure.shown)


def measures_of(
    task: TaskSpec, model: ModelSpec | None = None, named: Collection[str] = ()
) -> dict[str, Measure]:
    """Return every measure that an arm has, by name, in the order of logs.

    Args:
        task: of the arm.
        model: of the arm, where it is known.
        named: those of plugins to be considered, which are imported for it.

    Raises:
        PluginError: a plugin that is named cannot be loaded.
    """
    names = [*MEASURES.shipped, *(name for name in MEASURES.brought if name in named)]
    return {name: MEASURES[name] for name in names if MEASURES[name].applies(task, model)}
