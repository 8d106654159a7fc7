"""Evaluates made-up features with scikit-learn and numpy; writes evaluation-golden.json. Run with scikit-learn 1.2.1, numpy 1.24."""
import json
import os
import numpy as np
import sklearn
from sklearn.calibration import calibration_curve
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (adjusted_rand_score, average_precision_score, confusion_matrix, f1_score,
                             normalized_mutual_info_score, precision_recall_fscore_support)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

CLASSES, LENGTH, TRAIN, TEST = 7, 12, 400, 500
random = np.random.default_rng(5)
centres = random.normal(size=(CLASSES, LENGTH))
labels = random.choice(CLASSES, TRAIN + TEST, p=np.arange(1, CLASSES + 1) / 28)
features = np.round((centres[labels] + 1.6 * random.normal(size=(TRAIN + TEST, LENGTH))) * np.geomspace(0.3, 3, LENGTH), 4)
train, test, train_labels, test_labels = features[:TRAIN], features[TRAIN:], labels[:TRAIN], labels[TRAIN:]
unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)


def voting(k, temperature):
    return KNeighborsClassifier(k, metric="cosine", algorithm="brute",
                                weights=lambda distance: np.exp((1 - distance) / temperature)).fit(train, train_labels)


def error_of(probabilities):
    confidence, right = probabilities.max(1), probabilities.argmax(1) == test_labels
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    sizes = np.histogram(confidence, np.linspace(0, 1, 16))[0]
    return float((np.abs(accuracy - mean) * sizes[sizes > 0]).sum() / len(confidence))


probabilities = np.round(voting(20, 0.1).predict_proba(test), 6)
# Not scikit-learn's top_k_accuracy_score, which counts classes without a single vote among the first five.
own = probabilities[np.arange(TEST), test_labels]
places = np.argsort(np.argsort(-probabilities, axis=1, kind="stable"), axis=1)[np.arange(TEST), test_labels]
top5 = float(((places < 5) & (own > 0)).mean())
assert not np.isin(probabilities.max(1), np.linspace(0, 1, 16)[1:-1]).any()  # no confidence on an edge of a bin
predicted = probabilities.argmax(1)
precision, recall, f1, _ = precision_recall_fscore_support(test_labels, predicted)
scaler = StandardScaler().fit(train)
linear = []
for penalty in (0.1, 0.01, 0.001, 0.0001):
    model = LogisticRegression(C=1 / (penalty * TRAIN), tol=1e-9, max_iter=20000).fit(scaler.transform(train), train_labels)
    p = model.predict_proba(scaler.transform(test))
    linear.append({"penalty": penalty, "predicted": p.argmax(1).tolist(), "first-probabilities": p[0].tolist()})
clusters = KMeans(CLASSES, n_init=10, random_state=1).fit(test)
similarity = unit(test) @ unit(train).T
average = [average_precision_score(train_labels == label, row) for label, row in zip(test_labels, similarity)]
rows = unit(test)
squares = np.linalg.eigvalsh(rows.T @ rows)
shares = squares / squares.sum()
distances = 2 - 2 * (rows @ rows.T)[~np.eye(TEST, dtype=bool)]

golden = {
    "versions": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "train": train.tolist(), "train-labels": train_labels.tolist(), "test": test.tolist(), "test-labels": test_labels.tolist(),
    "nearest-neighbour": [{"k": k, "temperature": t, "predicted": voting(k, t).predict(test).tolist()}
                          for k in (1, 5, 20, 100) for t in (0.02, 0.1, 0.5)],
    "probabilities": probabilities.tolist(),
    "top1": float((predicted == test_labels).mean()), "top5": top5,
    "macro-f1": float(f1_score(test_labels, predicted, average="macro")), "calibration-error": error_of(probabilities),
    "precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(),
    "confusion": confusion_matrix(test_labels, predicted).tolist(),
    "linear": linear,
    "clusters": clusters.labels_.tolist(), "spread": float(clusters.inertia_ / TEST),
    "nmi": float(normalized_mutual_info_score(test_labels, clusters.labels_)), "ari": float(adjusted_rand_score(test_labels, clusters.labels_)),
    "mean-average-precision": float(np.mean(average)),
    "recall-at": {str(k): float((train_labels[np.argsort(-similarity, 1)[:, :k]] == test_labels[:, None]).any(1).mean()) for k in (1, 5, 10)},
    "effective-rank": float(np.exp(-(shares * np.log(shares)).sum())), "uniformity": float(np.log(np.mean(np.exp(-2 * distances)))),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluation-golden.json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
print({k: v for k, v in golden.items() if isinstance(v, (float, str))})
