"""Insights computed anew, in plain Python with scipy, and compared with the answers.

    insights.py FILE

FILE has a JSON object for each line: "assets", a tenant's rows, and "answer", what
asset_reuse_insights says of them.  Prints what differs, by more than the answers' rounding
and the precision of their t quantile, and how many numbers were compared.
"""

import json
import math
import sys

from scipy.stats import t as student

ROUNDING = 5.1e-6  # of a value: the answers have six digits
T_PRECISION = 6e-6  # of the answers' t quantile, and so of the logarithm of an interval's end over the ratio
NAMES = {"ctr": ("impressions", "clicks"), "conversions_per_click": ("clicks", "conversions")}


def defect(asset):
    n, x, y = (asset[name] for name in ("impressions", "clicks", "conversions"))
    known = [value for value in (n, x, y) if value is not None]
    if any(value < 0 or value > 1e12 for value in known) or (n is not None and x is not None and x > n):
        return "inconsistent"
    if len(known) < 3:
        return "missing"
    return "no_traffic" if n == 0 else None


def usable(asset, metric):
    """The asset's trials and successes in a metric, or none."""
    n, x = (asset[name] for name in NAMES[metric])
    shown, clicks = asset["impressions"], asset["clicks"]
    if n is None or x is None or not 0 <= n <= 1e12 or not 0 <= x <= 1e12 or n == 0:
        return None
    if shown is not None and shown >= 0 and clicks > shown:
        return None
    return n, x


class Fit:
    """The rates of a metric, from assets one by one."""

    def __init__(self, assets, metric):
        self.arms = {}
        for asset in assets:
            if (counts := usable(asset, metric)) is not None:
                stratum = asset["asset_type"], asset["platform"], asset["year"]
                self.arms.setdefault((stratum, asset["reused"]), []).append(counts)
        self.strata = {stratum for stratum, _ in self.arms}
        self.omega = 0.25
        self.rates = {s: self.pooled(s) for s in self.strata}
        for step in range(1, 101):
            sums = self.sums()
            omega = self.moments(sums)
            if step > 20:
                omega = (self.omega + omega) / 2
            rates = {s: self.pooled(s, self.weight) for s in self.strata}
            settled = abs(omega - self.omega) <= 1e-10 and all(
                abs(rates[s] - self.rates[s]) <= 1e-10 * self.rates[s] for s in self.strata)
            self.omega, self.rates = omega, rates
            if settled:
                break
        self.arm_sums = self.sums()
        self.rates = {s: self.pooled(s, self.weight) for s in self.strata}

    def weight(self, stratum, n):
        middle = math.sqrt(2) * 2 ** (math.frexp(n)[1] - 1)
        return 1 / (1 + self.omega * self.rates[stratum] * middle)

    def pooled(self, stratum, weight=lambda stratum, n: 1):
        counts = [(weight(stratum, n), n, x) for arm in (True, False) for n, x in self.arms.get((stratum, arm), [])]
        return math.fsum(g * x for g, n, x in counts) / math.fsum(g * n for g, n, x in counts)

    def sums(self):
        sums = {}
        for (stratum, arm), counts in self.arms.items():
            weighted = [(self.weight(stratum, n), n, x) for n, x in counts]
            total = math.fsum(g * n for g, n, x in weighted)
            rate = math.fsum(g * x for g, n, x in weighted) / total
            k = math.fsum((g * n) ** 2 for g, n, x in weighted)
            sums[stratum, arm] = {
                "G": total, "P": rate, "K": k, "L": math.fsum(g * g * n for g, n, x in weighted), "M": total ** 2 / k,
                "SS": math.fsum((g * (x - rate * n)) ** 2 for g, n, x in weighted)}
        return sums

    def moments(self, sums):
        arms = [a for a in sums.values() if a["M"] > 1 + 1e-6 and a["P"] > 0]
        scale = math.fsum(a["P"] ** 2 * a["K"] for a in arms)
        excess = math.fsum(a["SS"] * a["M"] / (a["M"] - 1) - a["P"] * a["L"] for a in arms)
        return max(0, excess / scale) if scale else 0

    def compare(self, of_type, confidence):
        strata = [s for s in self.strata if of_type is None or s[0] == of_type]
        both = [s for s in strata if (s, True) in self.arms and (s, False) in self.arms]
        told, crude, a = {}, {}, {}
        for arm in (True, False):
            counts = [c for s in strata for c in self.arms.get((s, arm), [])]
            common = [c for s in both for c in self.arms[s, arm]]
            n, x = math.fsum(n for n, _ in counts), math.fsum(x for _, x in counts)
            crude[arm] = x / n if n else None
            told[arm] = {"assets": len(counts), "n": n, "x": x, "pooled": crude[arm],
                         "common": len(common), "common_x": math.fsum(x for _, x in common)}
        weights = {s: self.harmonic(s) for s in both}
        for arm in (True, False):
            a[arm] = math.fsum(w * self.arm_sums[s, arm]["P"] for s, w in weights.items())
            told[arm]["standardized"] = a[arm] / math.fsum(weights.values()) if both else None
        answer = {"arms": told, "ratio": a[True] / a[False] if both and a[False] else None, "interval": None, "df": None,
                  "crude": crude[True] / crude[False] if crude[True] is not None and crude[False] else None,
                  "compared": (told[True]["common"] + told[False]["common"]) / max(1, told[True]["assets"] + told[False]["assets"])}
        if both and a[True] and a[False]:
            self.add_interval(answer, weights, a, confidence)
        answer["verdict"] = self.verdict(answer)
        return answer

    def harmonic(self, stratum):
        x, y = self.arm_sums[stratum, True]["G"], self.arm_sums[stratum, False]["G"]
        return x * y / (x + y)

    def add_interval(self, answer, weights, a, confidence):
        parts = []
        for stratum, w in weights.items():
            for arm in (True, False):
                sums = self.arm_sums[stratum, arm]
                if sums["M"] > 2 + 1e-6 and sums["P"] > 0 and sums["SS"] > 1e-9 * (sums["P"] * sums["G"]) ** 2:
                    variance, df = sums["SS"] / sums["G"] ** 2 * sums["M"] / (sums["M"] - 1), sums["M"] - 1
                else:
                    rate = self.rates[stratum]
                    variance = rate * (sums["L"] + self.omega * rate * sums["K"]) / sums["G"] ** 2
                    df = max(sums["M"], 1)
                parts.append(((w / a[arm]) ** 2 * variance, df))
        v = math.fsum(c for c, _ in parts)
        answer["df"] = v ** 2 / math.fsum(c ** 2 / df for c, df in parts)
        if answer["df"] >= 4:
            width = student.ppf((1 + confidence) / 2, answer["df"]) * math.sqrt(v)
            answer["interval"] = [answer["ratio"] * math.exp(-width), answer["ratio"] * math.exp(width)]

    @staticmethod
    def verdict(answer):
        if answer["interval"] is None or any(a["common"] < 10 or a["common_x"] < 30 for a in answer["arms"].values()):
            return "insufficient"
        low, high = answer["interval"]
        if low > 1 or high < 1:
            return "higher" if low > 1 else "lower"
        return "similar" if 1 / 1.1 < low and high < 1.1 else "inconclusive"


compared = 0


def check(where, said, expected, tolerance=ROUNDING):
    global compared
    compared += 1
    same = said == expected if expected is None or said is None or isinstance(expected, str) else (
        abs(said - expected) <= tolerance * max(abs(expected), 1e-12))
    if not same:
        print(f"{where}: {said}, but should be {expected}")


def check_metric(where, metric, said, fit, of_type, confidence):
    expected = fit.compare(of_type, confidence)
    trials, successes = NAMES[metric]
    for arm, name in ((True, "reused"), (False, "non_reused")):
        own = expected["arms"][arm]
        for key, value in (("assets", own["assets"]), (trials, own["n"]), (successes, own["x"]), ("pooled", own["pooled"]),
                           ("standardized", own["standardized"])):
            check(f"{where} {name} {key}", said[name][key], value)
    check(f"{where} ratio", said["ratio"], expected["ratio"])
    check(f"{where} crude_ratio", said["crude_ratio"], expected["crude"])
    check(f"{where} degrees_of_freedom", said["degrees_of_freedom"], expected["df"])
    check(f"{where} verdict", said["verdict"], expected["verdict"])
    check(f"{where} compared_share", said["compared_share"] or 0, expected["compared"])
    for end in (0, 1):
        limit = expected["interval"] and expected["interval"][end]
        check(f"{where} interval", said["interval"] and said["interval"][end], limit,
              ROUNDING + T_PRECISION * abs(math.log(limit / expected["ratio"])) if limit else 0)
    if expected["ratio"]:
        r = max(expected["ratio"], 1 / expected["ratio"])
        # near 1 it is as steep as a root
        check(f"{where} e_value", round(said["e_value"], 2), round(r + math.sqrt(r * (r - 1)), 2))


def main(path):
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            tenant = json.loads(line)
            assets, answer = tenant["assets"], tenant["answer"]
            defects = [defect(asset) for asset in assets]
            for kind, count in answer["data_quality"].items():
                check(f"tenant {number} {kind}", count, defects.count(kind))
            for metric in NAMES:
                fit = Fit(assets, metric)
                check_metric(f"tenant {number} {metric}", metric, answer[metric], fit, None, answer["filters"]["confidence"])
                for of_type, said in answer["by_asset_type"].items():
                    check_metric(f"tenant {number} {of_type} {metric}", metric, said[metric], fit, of_type, said["confidence"])
    print(f"{compared} compared")


main(sys.argv[1])
