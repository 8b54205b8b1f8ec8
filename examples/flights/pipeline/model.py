"""Learn on three weeks of each month, and look at the fourth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

from inviscid import cached, config
from pipeline.progress import step


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whole weeks are held out: flights of one day share its weather, and would give each other away."""
    held_out = table["day"] // 7 % 4 == 3
    return table[~held_out], table[held_out]


def columns(table: pd.DataFrame) -> pd.DataFrame:
    """What the model is shown. Not the day of the year: it would learn single storms by heart."""
    return table.drop(columns=["late", "day"])


@cached
def train(
    table: pd.DataFrame,
    trees: int = config("model.trees"),
    learning_rate: float = config("model.learning_rate"),
    leaves: int = config("model.leaves"),
    seed: int = config("model.seed"),
) -> HistGradientBoostingClassifier:
    """Boosted trees that give the probability that a flight will be late."""
    learn, _ = split(table)
    step("train", f"{trees} trees on {len(learn):,} flights")
    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=learning_rate, max_leaf_nodes=leaves, early_stopping=False, random_state=seed
    )
    return model.fit(columns(learn), learn["late"])


@cached
def evaluate(
    model: HistGradientBoostingClassifier,
    table: pd.DataFrame,
    repeats: int = config("evaluation.repeats"),
    sample: int = config("evaluation.sample"),
    seed: int = config("model.seed"),
) -> dict[str, Any]:
    """How good the probabilities are on the weeks that were held out, and which columns they rest on."""
    _, test = split(table)
    step("evaluate", f"{len(test):,} flights of other weeks")
    shown, late = columns(test), test["late"].to_numpy()
    chance = model.predict_proba(shown)[:, 1]
    importance = permutation_importance(
        model, shown, late, scoring="roc_auc", n_repeats=repeats, max_samples=sample, random_state=seed
    )
    false_alarms, caught, _ = roc_curve(late, chance)
    grid = np.linspace(0, 1, 101)
    return {
        "flights": len(test),
        "late": float(late.mean()),
        "auc": float(roc_auc_score(late, chance)),
        "brier": float(brier_score_loss(late, chance)),
        "roc": pd.DataFrame({"false_alarms": grid, "caught": np.interp(grid, false_alarms, caught)}),
        "calibration": calibration(chance, late),
        "importance": pd.Series(importance.importances_mean, index=list(shown)).sort_values(ascending=False),
    }


def calibration(chance: np.ndarray, late: np.ndarray) -> pd.DataFrame:
    """Predicted and observed share of late flights in twenty groups of equal size, from the safest to the riskiest."""
    group = pd.qcut(chance, 20, labels=False, duplicates="drop")
    return pd.DataFrame({"predicted": chance, "observed": late}).groupby(group).mean()
