"""Writes op_cases/*.json: for every op, what TensorFlow computes, infers, differentiates, refuses.

    python op_cases.py [FAMILY]...
"""

import sys

from op_case_table import *
from op_definitions import OPS

nan, inf = np.nan, np.inf


def math_binary():
    family("math_binary")
    arithmetic = ["Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "FloorDiv", "FloorMod",
                  "Maximum", "Minimum", "Pow", "SquaredDifference", "Mod", "TruncateDiv",
                  "TruncateMod"]
    divisions = {"RealDiv", "Div", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod"}
    special = np.array([nan, inf, -inf, 0.0, -0.0, 1.5, -2.0], np.float32)
    for op in arithmetic:
        if op in divisions:
            left, right = dict(), dict(lo=1, hi=5)
        elif op == "Pow":
            left, right = dict(lo=0.5, hi=3), dict(lo=0, hi=3)
        else:
            left, right = dict(), dict()
        case(op, R(2, 3, **left), R(3, **right), label="broadcast row")
        case(op, R(2, 3, **left), R(2, 3, **right), label="same shape", types=FLOATS)
        case(op, R(2, 1, 3, **left), R(2, 1, **right), label="broadcast both", types=FLOATS)
        case(op, R(**left), R(2, 2, **right), label="scalar left", types=FLOATS)
        case(op, R(4, **left), R(**right), label="scalar right", types=[f32, i32])
        case(op, R(**left), R(**right), label="scalars", types=[f32, i32])
        case(op, R(0, 3, **left), R(3, **right), label="empty", types=[f32, i32])
        case(op, R(0, **left), R(1, **right), label="empty and one", types=[f32])
        case(op, R(2, 1, 2, 1, **left), R(1, 2, 1, 3, **right), label="rank 4", types=[f32])
        if f32 in cpu_types(op):
            case(op, special.reshape(7, 1), special, label="special", gradient=False)
        refused(op, R(2, 3), R(2), label="shapes do not broadcast")
    integers = [t for t in TYPES if t.is_integer]
    for op in ["Add", "AddV2", "Sub", "Mul", "SquaredDifference"]:
        case(op, Extremes(), V([1, 1, 2, 2, 3, 1]), label="overflow",
             types=[t for t in cpu_types(op) if t.is_integer])
    case("Pow", V([3, 2, 2, 1, 0, 10]), V([40, 63, 64, 100, 0, 20]), label="overflow",
         types=[t for t in cpu_types("Pow") if t.is_integer])
    for op in ["Maximum", "Minimum"]:
        case(op, Extremes(), V([1, 1, 0, 0, 3, 0]), label="extremes",
             types=[t for t in cpu_types(op) if t.is_integer])
    for op in divisions:
        case(op, V([7, -7, 7, -7, 6, -6, 0, 1]), V([2, 2, -2, -2, 3, 3, 5, -4]), label="signs")
        for t in set(integers) & set(cpu_types(op)):
            # TensorFlow takes a zero in TruncateDiv and TruncateMod for a fault of its own.
            if op not in ("RealDiv", "TruncateDiv", "TruncateMod"):
                refused(op, R(3), V([1, 0, 2]), label=f"zero {t.name}", dtype=t)
    for op in ["FloorDiv", "FloorMod"]:
        case(op, V([7.5, -7.5, 7.5, -7.5, 1e9, -0.5]), V([2, 2, -2, -2, 3, 0.25]),
             label="fractions", types=FLOATS)
    refused("Pow", R(2), V([1, -1]), label="negative exponent int32", dtype=i32)
    refused("Pow", R(2), V([1, -1]), label="negative exponent int64", dtype=i64)
    refused("AddV2", R(2, 3), R(2, 3, dtype=i32), label="two types")
    refused("AddV2", V([True]), V([False]), label="bool", dtype=boolean)
    refused("Sub", V(["a"]), V(["b"]), label="string", dtype=string)
    refused("Mul", R(2, 3, 4), R(5, 4), label="middle dimension")
    case("DivNoNan", R(2, 3), R(3, lo=1, hi=3), label="broadcast row")
    case("DivNoNan", V([1, 0, -2, 3]), V([0, 0, 4, 2]), label="zeros", gradient=False)
    case("DivNoNan", special.reshape(7, 1), special, label="special", gradient=False)
    refused("DivNoNan", R(2, 3), R(2), label="shapes do not broadcast")
    for n in [1, 2, 5]:
        case("AddN", tuple(R(2, 3) for _ in range(n)), label=f"of {n}", types=FLOATS)
    case("AddN", (R(3), R(3), R(3)), label="types")
    case("AddN", (R(), R()), label="scalars", types=[f32])
    case("AddN", (R(0, 2), R(0, 2)), label="empty", types=[f32])
    refused("AddN", (R(2, 3), R(3, 2)), label="two shapes")
    refused("AddN", (R(2, 3), R(3)), label="two ranks")
    refused("AddN", (), label="of none", T=f32, N=0)


def comparison():
    family("comparison")
    special = np.array([nan, inf, -inf, 0.0, -0.0, 1.5], np.float32)
    for op in ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"]:
        case(op, V([1, 2, 3, 0, 5, 0]), V([1, 3, 2, 0, 5, 1]), label="vector")
        case(op, R(2, 3), R(3), label="broadcast", types=[f32, i32])
        case(op, R(), R(2, 1), label="scalar", types=[f32, f64])
        case(op, R(0, 3), R(1, 3), label="empty", types=[f32])
        case(op, special.reshape(6, 1), special, label="special")
        refused(op, R(2, 3), R(2), label="shapes do not broadcast")
    for op in ["Equal", "NotEqual"]:
        case(op, R(2, 3), R(2), label="incompatible allowed", types=[f32],
             incompatible_shape_error=False)
        case(op, R(2, 3), R(3), label="compatible allowed", types=[f32],
             incompatible_shape_error=False)
    refused("Less", V([True]), V([False]), label="bool", dtype=boolean)
    refused("Greater", V(["a"]), V(["b"]), label="string", dtype=string)
    for op in ["LogicalAnd", "LogicalOr"]:
        case(op, [True, True, False, False], [True, False, True, False])
        case(op, [[True], [False]], [True, False, True], label="broadcast")
        case(op, np.zeros((0, 2), bool), [True, False], label="empty")
        refused(op, [True, False], [True, False, True], label="shapes do not broadcast")
        refused(op, [1, 0], [1, 1], label="integers")
    case("LogicalNot", [[True], [False]])
    case("LogicalNot", False, label="scalar")
    condition = np.array([[True, False, True], [False, False, True]])
    case("Select", condition, R(2, 3), R(2, 3))
    case("Select", True, R(2, 2), R(2, 2), label="scalar", types=[f32, f64])
    case("Select", False, R(2, 2), R(2, 2), label="scalar false", types=[f32, f64])
    case("Select", [True, False], R(2, 3), R(2, 3), label="rows", types=[f32, f64, i32, string])
    case("Select", np.zeros((0, 3), bool), R(0, 3), R(0, 3), label="empty", types=[f32])
    refused("Select", [True, False, True], R(2, 3), R(2, 3), label="rows do not fit")
    refused("Select", condition, R(2, 3), R(3, 2), label="two shapes")
    case("SelectV2", condition, R(2, 3), R(2, 3))
    case("SelectV2", [[True], [False]], R(3), R(2, 1), label="broadcast", types=FLOATS + [i32])
    case("SelectV2", True, R(2, 1), R(3), label="scalar", types=FLOATS)
    case("SelectV2", [True, False], R(), R(2), label="scalar value", types=FLOATS)
    case("SelectV2", np.zeros((0,), bool), R(), R(), label="empty", types=[f32])
    refused("SelectV2", [True, False, True], R(2), R(2), label="shapes do not broadcast")
    case("Where", V([[1, 0, 2], [0, 0, 3]]))
    case("Where", V([0, 1, 0, 1]), label="vector", types=[boolean, f32])
    refused("Where", V(1), label="scalar", dtype=boolean)
    case("Where", R(2, 2, 3), label="rank 3", types=[boolean])
    case("Where", R(2, 1, 2, 2), label="rank 4", types=[boolean])
    case("Where", V([0, 0]), label="nothing", types=[boolean])
    case("Where", R(0, 3), label="empty", types=[boolean])
    case("Where", np.array([nan, 0.0, -0.0, inf], np.float32), label="special")


def math_unary():
    family("math_unary")
    ranges = {"Log": (0.1, 4), "Sqrt": (0.1, 4), "Rsqrt": (0.1, 4), "Reciprocal": (0.5, 3),
              "Inv": (0.5, 3), "Acos": (-0.9, 0.9),
              "Asin": (-0.9, 0.9), "Log1p": (-0.5, 3)}
    special = np.array([nan, inf, -inf, 0.0, -0.0, 1e30, -1e30, 88.9, -104.0], np.float32)
    for op in ["Neg", "Abs", "Sign", "Exp", "Log", "Sqrt", "Rsqrt", "Square", "Reciprocal", "Inv",
               "Tanh", "Sigmoid", "Floor", "Ceil", "Round", "Rint", "Acos", "Asin", "Atan", "Sin",
               "Cos", "Tan", "Sinh", "Cosh", "Erf", "Erfc", "Expm1", "Log1p", "IsNan", "IsInf",
               "IsFinite"]:
        lo, hi = ranges.get(op, (None, None))
        # Python never calls the kernel of Round for integers, which gives zeros.
        case(op, R(2, 3, lo=lo, hi=hi), types=FLOATS if op == "Round" else None)
        case(op, R(lo=lo, hi=hi), label="scalar", types=[f32])
        case(op, R(0, 2, lo=lo, hi=hi), label="empty", types=[f32])
        case(op, R(1, 2, 2, 2, 1, lo=lo, hi=hi), label="rank 5", types=[f32])
        # The period of large angles is lost in different ways.
        numbers = special[:5] if op in ("Sin", "Cos", "Tan") else special
        case(op, numbers, label="special", gradient=False)
        case(op, Extremes(), label="extremes", gradient=False, types=[
            t for t in cpu_types(op) if t.is_integer and op not in ("Reciprocal", "Inv", "Round")])
        if lo is None:
            case(op, V([-9.5, -3, -1.25, 0.125, 2.5, 3.5, 7, 11]), label="wide", types=FLOATS)
    case("Round", V([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, 4503599627370497.5]),
         label="half to even", types=FLOATS)
    refused("Neg", V(["a"]), label="string", dtype=string)
    refused("Exp", V([1]), label="int32", dtype=i32)
    refused("Floor", V([1]), label="int32", dtype=i32)
    for op in ["TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad"]:
        case(op, R(2, 3, lo=0.2, hi=0.9), R(2, 3))
        case(op, R(0, 3), R(0, 3), label="empty", types=[f32])
        case(op, R(lo=0.2, hi=0.9), R(), label="scalar", types=[f32])


def activation():
    family("activation")
    special = np.array([nan, inf, -inf, 0.0, -0.0, 6.0, 1e30, -1e30, 100.0, -100.0], np.float32)
    for op, options in [("Relu", {}), ("Relu6", {}), ("LeakyRelu", {}),
                        ("LeakyRelu", {"alpha": 0.1}), ("LeakyRelu", {"alpha": 1.5}),
                        ("LeakyRelu", {"alpha": -0.5}), ("Elu", {}), ("Softplus", {}),
                        ("Selu", {}), ("Softsign", {})]:
        suffix = " ".join(f"{k} {v}" for k, v in options.items())
        case(op, R(2, 4, lo=-8, hi=8), label=suffix, **options)
        if not options:
            case(op, R(lo=-8, hi=8), label="scalar", types=[f32])
            case(op, R(0, 2), label="empty", types=[f32])
            case(op, special, label="special", gradient=False)
            refused(op, V(["a"]), label="string", dtype=string)
    for op, options in [("ReluGrad", {}), ("Relu6Grad", {}), ("LeakyReluGrad", {}),
                        ("LeakyReluGrad", {"alpha": 0.1}), ("EluGrad", {}), ("SoftplusGrad", {}),
                        ("SeluGrad", {}), ("SoftsignGrad", {})]:
        suffix = " ".join(f"{k} {v}" for k, v in options.items())
        case(op, R(2, 4), R(2, 4, lo=-8, hi=8), label=suffix, **options)
        if not options:
            case(op, V([1, 1, 1, 1]), V([0.0, 6, -1, 7]), label="edges", types=[f32],
                 gradient=False)
            case(op, np.ones(10, np.float32), special, label="special", gradient=False)
            case(op, R(0, 2), R(0, 2), label="empty", types=[f32])
            refused(op, R(2, 3), R(3, 2), label="two shapes")
            refused(op, R(2, 3), R(6), label="two ranks")
    for op in ["Softmax", "LogSoftmax"]:
        case(op, R(2, 3))
        case(op, R(4), label="vector", types=FLOATS)
        case(op, R(2, 2, 3), label="rank 3", types=FLOATS)
        case(op, R(2, 1), label="one class", types=[f32])
        case(op, R(0, 3), label="empty", types=[f32])
        case(op, R(2, 0), label="no class", types=[f32])
        case(op, V([[1000, 1001, 999], [-1000, -1001, 88]]), label="large", types=FLOATS,
             gradient=False)
        case(op, np.array([[1, inf, 0], [1, -inf, 0], [nan, 1, 2]], np.float32), label="special",
             gradient=False)
        refused(op, R(), label="scalar")


def cast():
    family("cast")
    types = [f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean]
    plain = [0, 1, 2, 100, 3.75, -1, -3.75, -100]
    for source in types:
        if source.is_integer:
            values = [0, 1, 100, source.max, source.min]
            values += [v for v in (-1, 200, 300, 40000, 70000, 2**31 + 5, 2**40 + 7)
                       if source.min <= v <= source.max]
        elif source == boolean:
            values = [0, 1]
        else:
            values = plain + [1.0009765625, 1.00390625, 65504, 3.3e38, 1e-8]
        for target in types:
            kept = values
            if source.is_floating and target.is_integer:
                # Beyond the target's range the result depends on the processor.
                kept = [v for v in values if target.min <= math.trunc(v) <= target.max]
                kept = [v for v in kept if not (target.is_unsigned and v < 0)]
            with np.errstate(all="ignore"):
                array = np.array(kept).astype(source.as_numpy_dtype)
            if source.is_floating and target.is_integer:
                array = array[[target.min <= math.trunc(float(v)) <= target.max if
                               math.isfinite(float(v)) else False for v in array]]
            case("Cast", array, label=f"{source.name} to {target.name}", DstT=target,
                 gradient=source.is_floating and target.is_floating)
    case("Cast", np.array([nan, inf, -inf, -0.0], np.float32), label="special to double", DstT=f64,
         gradient=False)
    case("Cast", np.array([nan, inf, -inf, 1e300, -0.0], np.float64), label="special to float",
         DstT=f32, gradient=False)
    case("Cast", np.array([nan, inf, -0.0], np.float32), label="special to bool", DstT=boolean)
    case("Cast", np.array([nan, inf, 1e6, -1e6, 65519, 65520], np.float32), label="special to half",
         DstT=f16, gradient=False)
    rounding = np.array([1.00390625, 1.01171875, 3.4e38, -1.999], np.float32)
    case("Cast", rounding, label="truncated to bfloat16", DstT=bf16, Truncate=True, gradient=False)
    case("Cast", rounding, label="rounded to bfloat16", DstT=bf16, gradient=False)
    case("Cast", np.array([1.0004883, 1.0014648, -2.9999], np.float32), label="truncated to half",
         DstT=f16, Truncate=True, gradient=False)
    case("Cast", np.zeros((0, 2), np.float32), label="empty", DstT=i32)
    case("Cast", np.array(2.5, np.float32), label="scalar", DstT=i32)
    for source in FLOATS:
        for target in FLOATS:
            case("Cast", R(2, 3, dtype=source), label=f"gradient {source.name} to {target.name}",
                 DstT=target)
    refused("Cast", np.array([b"1"], object), label="string to float", DstT=f32)
    refused("Cast", np.array([1], np.int32), label="int32 to string", DstT=string)


def reduction():
    family("reduction")
    for op in ["Sum", "Mean", "Prod", "Max", "Min"]:
        span = dict(lo=0.5, hi=2) if op == "Prod" else {}
        case(op, R(2, 3, **span), [1], label="rows")
        case(op, R(2, 3, **span), [0], label="columns", types=FLOATS + [i32])
        case(op, R(2, 3, **span), np.int64(-1), label="int64 scalar axis", types=[f32, f64])
        case(op, R(2, 3, **span), [0, 1], label="all", types=FLOATS + [i32])
        case(op, R(2, 3, **span), np.zeros(0, np.int32), label="no axis", types=FLOATS)
        case(op, R(2, 3, **span), [1], label="keep", types=FLOATS, keep_dims=True)
        case(op, R(2, 3, 2, **span), [0, 2], label="outer and inner", types=FLOATS)
        case(op, R(2, 3, 2, **span), [-2], label="middle keep", types=FLOATS, keep_dims=True)
        case(op, R(2, 1, 3, 2, **span), [1, 2], label="rank 4", types=[f32])
        case(op, R(**span), np.zeros(0, np.int32), label="scalar", types=[f32])
        case(op, R(2, 0, **span), [1], label="empty rows", types=[f32, f64], gradient=False)
        case(op, R(0, 2, **span), [1], label="no rows", types=[f32], gradient=False)
        case(op, V([[1, nan, 2], [inf, 1, -inf], [inf, 2, 3]]), [1], label="special", types=[f32],
             gradient=False)
        refused(op, R(2, 3), [2], label="axis too large")
        refused(op, R(2, 3), [-3], label="axis too small")
        refused(op, R(2, 3), [0, 0], label="axis twice")
        refused(op, R(2, 3), np.array([[1]], np.int64), label="axes of rank 2")
    case("Sum", Extremes(), [0], label="overflow", gradient=False,
         types=[t for t in cpu_types("Sum") if t.is_integer])
    case("Mean", V([[7, 8, 3], [-7, -8, -3]]), [1], label="truncation", types=[i32, i64])
    case("Max", V([[1, 3, 3], [2, 2, 1]]), [1], label="ties", types=FLOATS)
    case("Min", V([[1, 3, 1], [2, 2, 2]]), [1], label="ties", types=FLOATS)
    case("Prod", V([[1, 0, 3], [0, 0, 1]]), [1], label="zeros", types=FLOATS)
    case("Sum", R(3, 50), [1], label="long", types=FLOATS, gradient=False)
    refused("Sum", V(["a"]), [0], label="string", dtype=string)
    refused("Max", V([True]), [0], label="bool", dtype=boolean)
    for op in ["All", "Any"]:
        for label, axis, options in [
            ("rows", [1], {}), ("columns keep", [0], {"keep_dims": True}),
            ("both", np.array([0, 1], np.int64), {}), ("no axis", np.zeros(0, np.int32), {})]:
            case(op, [[True, False], [True, True], [False, False]], axis, label=label, **options)
        case(op, np.zeros((2, 0), bool), [1], label="empty rows")
        case(op, True, np.zeros(0, np.int32), label="scalar")
        refused(op, [True], [1], label="axis too large")
        refused(op, [1, 0], [0], label="integers")
    for op in ["ArgMax", "ArgMin"]:
        case(op, V([[1, 0, 2], [3, 1, 1]]), 1, label="rows")
        case(op, R(2, 3), 0, label="columns", types=FLOATS + [i32])
        case(op, R(2, 3), np.int64(-1), label="int64 axis", types=[f32])
        case(op, V([[2, 2, 1], [1, 1, 1]]), 1, label="ties", types=FLOATS + [i32])
        case(op, R(2, 3, 2), 1, label="rank 3", types=[f32], output_type=i32)
        case(op, R(3), 0, label="vector int32", types=[f32], output_type=i32)
        case(op, V([[1, nan, 3], [inf, 2, -inf]]), 1, label="special", types=[f32])
        case(op, R(0, 2), 1, label="empty", types=[f32])
        refused(op, R(2, 3), 2, label="axis too large")
        refused(op, R(2, 0), 1, label="empty axis")
        refused(op, R(2, 3), [0], label="axis of rank 1")
    case("ArgMax", R(3), 0, label="vector uint16", types=[f32], output_type=u16)
    case("ArgMax", R(3), 0, label="vector int16", types=[f32], output_type=i16)
    distinct = V([[3, 1, 7, 5], [2, 8, 0, 4]])
    case("TopKV2", distinct, 2)
    case("TopKV2", V([3, 1, 7]), 3, label="all", types=FLOATS)
    case("TopKV2", V([3, 1, 7]), 0, label="none", types=[f32])
    case("TopKV2", V([[3, 3, 1, 3], [1, 1, 1, 2]]), 3, label="ties", types=FLOATS + [i32])
    case("TopKV2", V([[3, 3, 1, 3], [1, 1, 1, 2]]), 1, label="first", types=FLOATS)
    # The order is open unless all are taken.
    case("TopKV2", V([5, 1, 9, 2, 8, 3, 7, 4]), 8, label="unsorted", types=[f32], sorted=False,
         gradient=False)
    case("TopKV2", R(2, 2, 3), 2, label="rank 3", types=FLOATS)
    case("TopKV2", V([3, inf, 7, -inf]), 4, label="infinities", types=[f32], gradient=False)
    case("TopKV2", V([3, 1, 7]), np.int64(2), label="int64 k", types=[f32], gradient=False)
    case("TopKV2", V([3, 1, 7]), 2, label="int64 index", types=[f32], index_type=i64,
         gradient=False)
    refused("TopKV2", R(2, 3), 4, label="k too large")
    refused("TopKV2", R(2, 3), -1, label="negative k")
    refused("TopKV2", R(), 1, label="scalar")
    refused("TopKV2", R(3), [1], label="k of rank 1")
    for op in ["Cumsum", "Cumprod"]:
        case(op, R(2, 3, lo=0.5, hi=2), 1)
        for exclusive in (False, True):
            for reverse in (False, True):
                case(op, R(3, 2, lo=0.5, hi=2), 0, types=FLOATS, exclusive=exclusive,
                     reverse=reverse, label=f"exclusive {exclusive} reverse {reverse}")
        case(op, R(2, 2, 2, lo=0.5, hi=2), np.int64(-2), label="rank 3", types=[f32])
        case(op, R(0, 2), 1, label="empty", types=[f32])
        refused(op, R(2, 3), 2, label="axis too large")
    case("L2Loss", R(2, 3))
    case("L2Loss", R(), label="scalar", types=FLOATS)
    case("L2Loss", R(0, 2), label="empty", types=[f32])
    case("UnsortedSegmentSum", R(4, 2), [0, 2, 0, 1], 3)
    case("UnsortedSegmentSum", R(4), np.array([0, -1, 0, 1], np.int64), np.int64(2),
         label="negative ignored", types=FLOATS)
    case("UnsortedSegmentSum", R(2, 2), [[0, 1], [1, 0]], 3, label="ids of rank 2", types=FLOATS)
    case("UnsortedSegmentSum", R(0, 2), np.zeros(0, np.int32), 2, label="empty", types=[f32])
    case("SegmentSum", R(4, 2), [0, 0, 1, 3])
    case("SegmentSum", R(3), np.array([0, 1, 1], np.int64), label="int64", types=FLOATS)
    case("SegmentSum", R(0, 2), np.zeros(0, np.int32), label="empty", types=[f32])
    refused("SegmentSum", R(3, 2), [0, 1], label="ids do not fit")
    refused("SegmentSum", R(3), [1, 0, 2], label="not sorted")
    refused("SegmentSum", R(2), [-1, 0], label="negative id")
    case("ClipByValue", R(2, 3), V(-1), V(1))
    case("ClipByValue", R(2, 3), R(2, 3, lo=-2, hi=-1), R(2, 3, lo=0, hi=1), label="tensors",
         types=FLOATS)
    refused("ClipByValue", R(2, 3), R(2), V(1), label="shapes do not fit")
    refused("UnsortedSegmentSum", R(3, 2), [0, 1], 2, label="ids do not fit")
    refused("UnsortedSegmentSum", R(2), [0, 5], 2, label="id too large")
    refused("UnsortedSegmentSum", R(2), [0, 1], -1, label="negative count")


def array_shape():
    family("array_shape")
    for op in ["Shape", "Size", "Rank", "ZerosLike", "OnesLike"]:
        every = cpu_types(op)
        case(op, R(2, 3), types=every)
        case(op, R(), label="scalar", types=[f32])
        case(op, R(2, 0, 4), label="empty", types=[f32, string])
        if op in ("Shape", "Size"):
            case(op, R(2, 3), label="int64", types=[f32], out_type=i64)
    case("ShapeN", (R(2, 3), R(), R(0)), label="three", types=[f32, i32])
    case("ShapeN", (R(2, 3),), label="int64", types=[f32], out_type=i64)
    case("Identity", R(2, 3))
    case("Identity", R(), label="scalar", types=[f32])
    case("Identity", R(0, 2), label="empty", types=[f32])
    case("StopGradient", R(2, 3))
    case("PreventGradient", R(2), types=[f32], gradient=False)
    case("PreventGradient", R(2), label="message", types=[f32], gradient=False, message="why")
    case("GuaranteeConst", R(2), types=[f32, i32], gradient=False)
    case("Snapshot", R(2, 3))
    case("Print", R(2, 3), (R(2), R(dtype=string)), message="values: ")
    case("Print", R(2), (), label="nothing", types=[f32], first_n=1, summarize=2, U=[])
    case("IdentityN", (R(2), V([1, 2], i32), R(2, 1)), label="three", types=FLOATS)
    case("IdentityN", (V("a", string),), label="string")
    case("EnsureShape", R(2, 3), shape=[2, 3])
    case("EnsureShape", R(2, 3), label="partial", types=FLOATS, shape=[None, 3])
    refused("EnsureShape", R(2, 3), label="other shape", shape=[3, 2])
    refused("EnsureShape", R(2, 3), label="other rank", shape=[None])
    case("CheckNumerics", R(2, 3), message="bad")
    case("CheckNumerics", R(0), label="empty", types=[f32], message="bad")
    refused("CheckNumerics", V([1, nan]), label="nan", message="found")
    refused("CheckNumerics", V([1, inf]), label="infinity", message="found")
    refused("CheckNumerics", V([nan, inf, -inf]), label="all of them", message="found")
    case("Bitcast", R(2, 3), label="to int32", types=[f32], type=i32)
    case("Bitcast", R(2), label="to uint8", types=[f32, i16, i64], type=u8)
    case("Bitcast", R(2, 4, dtype=u8), label="bytes to float", type=f32, gradient=False)
    case("Bitcast", R(2, 2, dtype=u16), label="shorts to int", type=i32)
    case("Bitcast", R(3), label="int64 to double", types=[i64], type=f64)
    refused("Bitcast", np.zeros((2, 3), np.uint8), label="does not fit", type=f32)
    refused("Bitcast", np.uint8(3), label="scalar", type=f32)
    case("PlaceholderWithDefault", R(2, 3), types=[f32, f64, i32, string], shape=[2, 3])
    case("PlaceholderWithDefault", R(2, 3), label="partial", types=[f32], shape=[None, 3])
    case("PlaceholderWithDefault", R(2, 3), label="unknown", types=[f32], shape=None)
    refused("PlaceholderWithDefault", R(2, 3), label="other shape", shape=[3, 2])
    refused("PlaceholderWithDefault", R(2, 3), label="other rank", shape=[6])
    for dtype in TYPES + [f16, bf16]:
        array = R(2, 2).resolve(dtype, f"Const {dtype.name}")
        case("Const", label=dtype.name, dtype=dtype, value=array)
    case("Const", label="scalar", dtype=f32, value=np.float32(1.5))
    case("Const", label="empty", dtype=f32, value=np.zeros((0, 2), np.float32))
    case("Const", label="special", dtype=f32, value=np.array([nan, inf, -inf, -0.0], np.float32))
    refused("Const", label="two types", dtype=i32, value=np.array([1.5], np.float32))
    case("NoOp")

    case("Reshape", R(2, 3), [3, 2])
    case("Reshape", R(2, 3), [-1], label="flat", types=FLOATS)
    case("Reshape", R(2, 3, 4), np.array([2, -1], np.int64), label="int64", types=FLOATS)
    case("Reshape", R(2), [1, 2, 1], label="ones", types=[f32])
    case("Reshape", R(1, 1), np.zeros(0, np.int32), label="to scalar", types=[f32])
    case("Reshape", R(), [1], label="of scalar", types=[f32])
    case("Reshape", R(0, 3), [3, -1], label="empty", types=[f32])
    case("Reshape", R(2, 0), [0, 5], label="empty to empty", types=[f32])
    refused("Reshape", R(2, 3), [4], label="too few")
    refused("Reshape", R(2, 3), [4, -1], label="not divisible")
    refused("Reshape", R(2, 3), [-1, -1], label="two unknown")
    refused("Reshape", R(2, 3), [-2, 3], label="negative")
    refused("Reshape", R(2, 3), [[2, 3]], label="shape of rank 2")
    refused("Reshape", R(2, 3), [0, -1], label="zero and unknown")
    case("Transpose", R(2, 3), [1, 0])
    case("Transpose", R(2, 3, 2), [2, 0, 1], label="rank 3", types=FLOATS + [string])
    case("Transpose", R(2, 2, 1, 3), np.array([0, 3, 1, 2], np.int64), label="to NCHW",
         types=FLOATS)
    case("Transpose", R(2, 1, 2, 1, 2), [4, 3, 2, 1, 0], label="rank 5", types=[f32])
    case("Transpose", R(3), [0], label="vector", types=[f32])
    case("Transpose", R(), np.zeros(0, np.int32), label="scalar", types=[f32])
    case("Transpose", R(2, 0, 3), [1, 2, 0], label="empty", types=[f32])
    refused("Transpose", R(2, 3), [0], label="short")
    refused("Transpose", R(2, 3), [0, 0], label="twice")
    refused("Transpose", R(2, 3), [0, 2], label="too large")
    refused("Transpose", R(2, 3), [[0, 1]], label="of rank 2")
    case("ConjugateTranspose", R(2, 3), [1, 0], types=FLOATS + [i32])
    case("ReverseV2", R(2, 3), [1])
    case("ReverseV2", R(2, 3), np.array([0, -1], np.int64), label="both", types=FLOATS)
    case("ReverseV2", R(2, 2, 2), [1], label="middle", types=FLOATS)
    case("ReverseV2", R(2, 2, 3), [0], label="three", types=[f32, u8])
    case("ReverseV2", R(2), np.zeros(0, np.int32), label="none", types=[f32])
    case("ReverseV2", R(0, 2), [0], label="empty", types=[f32])
    refused("ReverseV2", R(2, 3), [2], label="axis too large")
    refused("ReverseV2", R(2, 3), [0, 0], label="axis twice")
    refused("ReverseV2", R(2, 3), [[0]], label="axis of rank 2")
    case("Unique", V([3, 1, 3, 2, 1]))
    case("Unique", V([3, 1, 3]), label="int64", types=[i32, f32], out_idx=i64)
    case("Unique", V([]), label="empty", types=[f32])
    refused("Unique", V([[1, 2]]), label="of rank 2")
    case("ExpandDims", R(2, 3), 0, types=None)
    for axis in [1, 2, -1, -3]:
        case("ExpandDims", R(2, 3), axis, label=f"axis {axis}", types=FLOATS)
    case("ExpandDims", R(), np.int64(0), label="scalar", types=[f32])
    case("ExpandDims", R(2), [1], label="axis of rank 1", types=[f32])
    refused("ExpandDims", R(2, 3), 3, label="axis too large")
    refused("ExpandDims", R(2, 3), -4, label="axis too small")
    refused("ExpandDims", R(2, 3), [0, 1], label="two axes")
    case("Squeeze", R(1, 2, 1))
    case("Squeeze", R(1, 2, 1), label="first", types=FLOATS, squeeze_dims=[0])
    case("Squeeze", R(1, 2, 1), label="last", types=FLOATS, squeeze_dims=[-1])
    case("Squeeze", R(1, 2, 1, 1), label="two", types=FLOATS, squeeze_dims=[0, 2])
    case("Squeeze", R(1, 1), label="to scalar", types=[f32])
    case("Squeeze", R(1, 0), label="empty", types=[f32])
    refused("Squeeze", R(1, 2), label="not one", squeeze_dims=[1])
    refused("Squeeze", R(1, 2), label="out of range", squeeze_dims=[2])

    case("Fill", [2, 3], V(5))
    case("Fill", np.array([2], np.int64), V(1.5), label="int64", types=FLOATS)
    case("Fill", np.zeros(0, np.int32), V(2), label="scalar", types=FLOATS)
    case("Fill", [0, 2], V(2), label="empty", types=[f32])
    refused("Fill", [2, -1], V(1), label="negative")
    refused("Fill", [2], V([1]), label="value of rank 1")
    refused("Fill", [[2]], V(1), label="dims of rank 2")
    case("Range", V(1), V(9), V(3), by="Tidx")
    case("Range", V(5), V(-4), V(-3), label="down", types=FLOATS + [i32, i64], by="Tidx")
    case("Range", V(0), V(1), V(0.25), label="fractions", types=FLOATS, by="Tidx")
    case("Range", V(0), V(1), V(0.1), label="tenths", types=FLOATS, by="Tidx")
    case("Range", V(3), V(3), V(1), label="empty", types=[f32, i32], by="Tidx")
    refused("Range", 0, 5, 0, label="zero delta")
    refused("Range", 5, 0, 1, label="wrong way")
    refused("Range", 0, 5, -1, label="wrong way down")
    refused("Range", [0], 5, 1, label="start of rank 1")
    case("OneHot", [0, 2, 1, -1, 3], 3, V(2), V(1))
    case("OneHot", [0, 2], 3, V(1), V(0), label="axis 0", types=FLOATS, axis=0)
    case("OneHot", [[0, 2], [1, 5]], 3, V(1), V(0), label="axis 1", types=[f32], axis=1)
    case("OneHot", np.array([0, 1], np.int64), 2, V(1), V(0), label="int64", types=[f32])
    case("OneHot", np.array([0, 200], np.uint8), 2, V(1), V(0), label="uint8", types=[f32])
    case("OneHot", np.array([0, -1], np.int8), 2, V(1), V(0), label="int8", types=[f32])
    case("OneHot", 1, 3, V(1), V(0), label="scalar", types=[f32])
    case("OneHot", [0, 1], 0, V(1), V(0), label="depth 0", types=[f32])
    case("OneHot", np.zeros(0, np.int32), 2, V(1), V(0), label="empty", types=[f32])
    refused("OneHot", [0, 1], -1, V(1), V(0), label="negative depth")
    refused("OneHot", [0, 1], 2, V([1]), V(0), label="value of rank 1")
    refused("OneHot", [0, 1], 2, V(1), V(0), label="axis too large", axis=3)
    case("BroadcastTo", R(3), [2, 3])
    case("BroadcastTo", R(2, 1), np.array([2, 2, 3], np.int64), label="int64", types=FLOATS)
    case("BroadcastTo", R(), [2], label="scalar", types=[f32])
    case("BroadcastTo", R(1, 2), [0, 2], label="empty", types=[f32])
    refused("BroadcastTo", R(2, 3), [2, 2], label="does not fit")
    refused("BroadcastTo", R(2, 3), [3], label="fewer dimensions")
    for label, left, right in [
        ("row", [2, 3], [3]), ("both", [2, 1, 3], [4, 1]), ("same", [2, 3], [2, 3]),
        ("scalar", [], [2, 3]), ("ones", [1, 1], [1]), ("empty", [0, 3], [1])]:
        for t in (np.int32, np.int64):
            case("BroadcastGradientArgs", np.array(left, t), np.array(right, t),
                 label=f"{label} {np.dtype(t).name}")
    refused("BroadcastGradientArgs", [2, 3], [2], label="does not fit")
    refused("BroadcastGradientArgs", [[2, 3]], [2], label="of rank 2")
    case("InvertPermutation", [2, 0, 1])
    case("InvertPermutation", np.array([1, 0], np.int64), label="int64")
    case("InvertPermutation", np.zeros(0, np.int32), label="empty")
    refused("InvertPermutation", [0, 0], label="twice")
    refused("InvertPermutation", [0, 2], label="too large")
    refused("InvertPermutation", [[0, 1]], label="of rank 2")
    case("ListDiff", V([1, 2, 3, 4, 2]), V([2, 4]),
         types=[t for t in cpu_types("ListDiff") if t != boolean])
    case("ListDiff", V([1, 2]), V([3]), label="int64 index", types=[i32], out_idx=i64)
    case("ListDiff", V([1, 2]), V([1, 2]), label="nothing", types=[i32])
    refused("ListDiff", V([[1, 2]]), V([1]), label="of rank 2", dtype=i32)


def array_join():
    family("array_join")
    case("ConcatV2", (R(2, 3), R(1, 3)), 0)
    case("ConcatV2", (R(2, 1), R(2, 3), R(2, 2)), -1, label="last", types=FLOATS)
    case("ConcatV2", (R(2, 2, 2), R(2, 1, 2)), np.int64(1), label="middle", types=FLOATS)
    case("ConcatV2", (R(2), R(0), R(3)), 0, label="with empty", types=[f32, f64])
    case("ConcatV2", (R(0), R(0)), 0, label="all empty", types=[f32])
    case("Concat", 0, (R(2, 3), R(1, 3)))
    case("Concat", -1, (R(2, 1), R(2, 2)), label="last", types=FLOATS)
    refused("Concat", 0, (R(2, 3), R(2, 2)), label="do not fit")
    refused("ConcatV2", (R(2, 3), R(2, 2)), 0, label="do not fit")
    refused("ConcatV2", (R(2, 3), R(2)), 0, label="two ranks")
    refused("ConcatV2", (R(2, 3), R(2, 3)), 2, label="axis too large")
    refused("ConcatV2", (R(), R()), 0, label="scalars")
    refused("ConcatV2", (R(2), R(2)), [0, 0], label="axis of rank 1")
    case("ConcatOffset", 1, ([2, 3, 4], [2, 5, 4], [2, 1, 4]))
    case("ConcatOffset", -1, ([2, 3], [2, 5]), label="negative")
    case("ConcatOffset", 0, (np.array([2], np.int64), np.array([3], np.int64)), label="int64")
    refused("ConcatOffset", 0, ([2, 3], [2, 5]), label="do not fit")
    refused("ConcatOffset", 2, ([2, 3], [2, 3]), label="axis too large")
    case("Split", 0, R(4, 2), num_split=2)
    case("Split", 1, R(2, 3), label="columns", types=FLOATS, num_split=3)
    case("Split", -2, R(2, 4, 1), label="negative", types=FLOATS, num_split=2)
    case("Split", 0, R(3), label="one", types=[f32], num_split=1)
    case("Split", 0, R(0, 2), label="empty", types=[f32], num_split=2)
    refused("Split", 0, R(3, 2), label="uneven", num_split=2)
    refused("Split", 2, R(4, 2), label="axis too large", num_split=2)
    refused("Split", 0, R(), label="scalar", num_split=1)
    case("SplitV", R(4, 2), [1, 3], 0, num_split=2)
    case("SplitV", R(2, 5), [2, -1, 1], 1, label="rest", types=FLOATS, num_split=3)
    case("SplitV", R(3), np.array([0, 3], np.int64), -1, label="int64", types=FLOATS, num_split=2)
    case("SplitV", R(3), [3], 0, label="one", types=[f32], num_split=1)
    refused("SplitV", R(4, 2), [1, 2], 0, label="wrong sum", num_split=2)
    refused("SplitV", R(4, 2), [-1, -1], 0, label="two unknown", num_split=2)
    refused("SplitV", R(4, 2), [5, -1], 0, label="too much", num_split=2)
    refused("SplitV", R(4, 2), [1, 3], 2, label="axis too large", num_split=2)
    case("Pack", (R(2, 2), R(2, 2)))
    for axis in [1, 2, -1, -3]:
        case("Pack", (R(2, 2), R(2, 2)), label=f"axis {axis}", types=FLOATS, axis=axis)
    case("Pack", (R(), R(), R()), label="scalars", types=[f32, f64, string])
    case("Pack", (R(0), R(0)), label="empty", types=[f32])
    refused("Pack", (R(2), R(3)), label="two shapes")
    refused("Pack", (R(2), R(2)), label="axis too large", axis=2)
    case("Unpack", R(2, 3), num=2)
    for axis in [1, -1, -2]:
        case("Unpack", R(2, 3), label=f"axis {axis}", types=FLOATS, axis=axis,
             num=2 if axis == -2 else 3)
    case("Unpack", R(3), label="vector", types=[f32, f64], num=3)
    case("Unpack", R(0, 2), label="none", types=[f32], num=0)
    refused("Unpack", R(2, 3), label="wrong count", num=3)
    refused("Unpack", R(2, 3), label="axis too large", num=2, axis=2)
    refused("Unpack", R(), label="scalar", num=1)
    case("Tile", R(2, 3), [2, 1], types=[
        t for t in cpu_types("Tile") if t not in (u16, u32, u64)])
    case("Tile", R(2, 3), [2, 2], label="both", types=FLOATS)
    case("Tile", R(2), np.array([3], np.int64), label="int64", types=FLOATS)
    case("Tile", R(2, 1, 2), [1, 3, 2], label="rank 3", types=FLOATS)
    case("Tile", R(), np.zeros(0, np.int32), label="scalar", types=[f32])
    case("Tile", R(2, 2), [0, 1], label="to empty", types=[f32])
    refused("Tile", R(2, 3), [2], label="short")
    refused("Tile", R(2, 3), [2, -1], label="negative")
    case("DynamicStitch", ([0, 2], [1, 3]), (R(2, 2), R(2, 2)))
    case("DynamicStitch", (1, [0, 3]), (R(2), R(2, 2)), label="gap and scalar", types=[i32])
    case("DynamicStitch", ([0, 1], [1, 2]), (R(2), R(2)), label="later wins", types=FLOATS,
         gradient=False)
    refused("DynamicStitch", ([0, 1], [2]), (R(2, 2), R(1, 3)), label="do not fit")
    refused("DynamicStitch", ([0, 1],), (R(3, 2),), label="indices do not fit")


def array_slice():
    family("array_slice")
    case("Slice", R(3, 4), [1, 0], [2, 3])
    case("Slice", R(3, 4), [0, 2], [-1, -1], label="rest", types=FLOATS)
    case("Slice", R(2, 3, 2), np.array([1, 1, 0], np.int64), np.array([1, 2, 1], np.int64),
         label="int64", types=FLOATS)
    case("Slice", R(3), [3], [0], label="empty at end", types=[f32])
    case("Slice", R(0, 2), [0, 0], [0, 2], label="of empty", types=[f32])
    case("Slice", R(), np.zeros(0, np.int32), np.zeros(0, np.int32), label="scalar", types=[f32])
    refused("Slice", R(3, 4), [2, 0], [2, 1], label="too much")
    refused("Slice", R(3, 4), [-1, 0], [1, 1], label="negative begin")
    refused("Slice", R(3, 4), [0, 0], [-2, 1], label="negative size")
    refused("Slice", R(3, 4), [0], [1], label="short")
    strided = [
        ("step", [0, 0], [3, 4], [2, 3], {}),
        ("reversed", [2, 3], [0, 0], [-1, -2], {}),
        ("negative", [-2, -3], [-1, -1], [1, 1], {}),
        ("clamped", [-9, 1], [9, 9], [1, 1], {}),
        ("nothing", [2, 0], [1, 4], [1, 1], {}),
        ("begin mask", [1, 1], [3, 3], [1, 1], {"begin_mask": 1}),
        ("end mask", [1, 1], [2, 2], [1, 1], {"end_mask": 2}),
        ("both masks reversed", [0, 0], [0, 0], [-1, -1], {"begin_mask": 3, "end_mask": 3}),
        ("shrink", [1, 1], [2, 3], [1, 1], {"shrink_axis_mask": 1}),
        ("shrink negative", [-1, 0], [0, 4], [1, 1], {"shrink_axis_mask": 1}),
        ("shrink both", [1, 2], [2, 3], [1, 1], {"shrink_axis_mask": 3}),
        ("new axis", [0, 1, 0], [0, 3, 2], [1, 1, 1], {"new_axis_mask": 1}),
        ("new axis last", [1, 0, 0], [3, 4, 0], [1, 2, 1], {"new_axis_mask": 4}),
        ("ellipsis first", [0, 1], [0, 3], [1, 1], {"ellipsis_mask": 1}),
        ("ellipsis last", [1, 0], [2, 0], [1, 1], {"ellipsis_mask": 2}),
        ("ellipsis new shrink", [0, 0, 1], [0, 0, 2], [1, 1, 1],
         {"ellipsis_mask": 1, "new_axis_mask": 2, "shrink_axis_mask": 4}),
        ("new axis and shrink", [0, 0], [1, 1], [1, 1],
         {"new_axis_mask": 1, "shrink_axis_mask": 1}),
        ("one index", [1], [2], [1], {}),
        ("one index shrunk", [1], [2], [1], {"shrink_axis_mask": 1}),
        ("no index", [], [], [], {}),
    ]
    case("StridedSlice", R(3, 4), [0, 1], [2, 3], [1, 1])
    for label, begin, end, strides, options in strided:
        indices = [np.array(v, np.int32) for v in (begin, end, strides)]
        case("StridedSlice", R(3, 4), *indices, label=label, types=FLOATS, **options)
    case("StridedSlice", R(2, 3, 4, 2), [0, 0, 1], [0, 2, 2], [1, 1, 1], label="rank 4 ellipsis",
         types=FLOATS, ellipsis_mask=1, end_mask=2)
    for t in (np.int64, np.int16):
        case("StridedSlice", R(4), np.array([1], t), np.array([4], t), np.array([2], t),
             label=np.dtype(t).name, types=[f32])
    case("StridedSlice", R(0, 2), [0, 0], [1, 1], [1, 1], label="of empty", types=[f32])
    case("StridedSlice", R(), *[np.array([0], np.int32)] * 2, np.array([1], np.int32),
         label="scalar new axis", types=[f32], new_axis_mask=1)
    refused("StridedSlice", R(3, 4), [0], [1], [0], label="zero stride")
    refused("StridedSlice", R(3, 4), [3], [4], [1], label="shrink out of range",
            shrink_axis_mask=1)
    refused("StridedSlice", R(3, 4), [0, 0, 0], [1, 1, 1], [1, 1, 1], label="too many")
    refused("StridedSlice", R(3, 4), [0, 0], [1, 1], [1, 1], label="two ellipses", ellipsis_mask=3)
    refused("StridedSlice", R(3, 4), [0, 0], [1], [1, 1], label="short end")
    refused("StridedSlice", R(3, 4), [1], [2], [-1], label="shrink backwards", shrink_axis_mask=1)
    refused("StridedSlice", R(3, 4), [[0]], [[1]], [[1]], label="begin of rank 2")
    shapes = {"step": [2, 2], "reversed": [2, 2], "begin mask": [3, 2], "shrink": [2],
              "new axis": [1, 2, 2], "ellipsis first": [3, 2], "shrink both": []}
    case("StridedSliceGrad", [3, 4], [0, 1], [2, 3], [1, 1], R(2, 2))
    for label, begin, end, strides, options in strided:
        if label in shapes:
            case("StridedSliceGrad", [3, 4], begin, end, strides, R(*shapes[label]), label=label,
                 types=FLOATS, **options)
    i = np.int64
    case("StridedSliceGrad", np.array([4], i), np.array([1], i), np.array([4], i),
         np.array([2], i), R(2), label="int64", types=[f32])
    refused("StridedSliceGrad", [3, 4], [0, 1], [2, 3], [1, 1], R(2, 3), label="does not fit")

    case("GatherV2", R(3, 2), [2, 0, 2], 0, by="Tparams")
    case("GatherV2", R(2, 3), [[0, 2], [1, 1]], 1, label="axis 1", types=FLOATS, by="Tparams")
    case("GatherV2", R(2, 3, 2), np.array([1], np.int64), np.int64(-1), label="int64",
         types=FLOATS, by="Tparams")
    case("GatherV2", R(3, 2), 1, 0, label="scalar", types=FLOATS, by="Tparams")
    case("GatherV2", R(2, 3), [[0, 2], [1, 1]], 1, label="batch", types=FLOATS, by="Tparams",
         batch_dims=1)
    case("GatherV2", R(2, 2, 3), [[0], [1]], 2, label="batch axis 2", types=FLOATS, by="Tparams",
         batch_dims=1)
    case("GatherV2", R(3, 2), np.zeros(0, np.int32), 0, label="nothing", types=[f32],
         by="Tparams")
    case("GatherV2", R(3, 0), [1], 0, label="empty rows", types=[f32], by="Tparams")
    refused("GatherV2", R(3, 2), [0, 3], 0, label="too large")
    refused("GatherV2", R(3, 2), [0, -1], 0, label="negative")
    refused("GatherV2", R(3, 2), [0], 2, label="axis too large")
    refused("GatherV2", R(), [0], 0, label="scalar params")
    refused("GatherV2", R(2, 3), [0, 1], 0, label="batch over axis", batch_dims=1)
    case("Gather", R(3, 2), [2, 0, 2], by="Tparams")
    case("Gather", R(3), np.array([[1], [0]], np.int64), label="int64", types=FLOATS, by="Tparams")
    refused("Gather", R(3, 2), [0, 3], label="too large")
    case("GatherNd", R(2, 3), [[0, 1], [1, 2]], by="Tparams")
    case("GatherNd", R(2, 3), [[1], [0], [1]], label="rows", types=FLOATS, by="Tparams")
    case("GatherNd", R(2, 3), np.array([[[1, 0]], [[0, 2]]], np.int64), label="int64",
         types=FLOATS, by="Tparams")
    case("GatherNd", R(2, 3), np.zeros((2, 0), np.int32), label="whole", types=[f32],
         by="Tparams")
    case("GatherNd", R(2, 3), np.zeros((0, 2), np.int32), label="nothing", types=[f32],
         by="Tparams")
    refused("GatherNd", R(2, 3), [[0, 3]], label="too large")
    refused("GatherNd", R(2, 3), [[0, 1, 0]], label="too deep")
    case("ScatterNd", [[0], [2], [0]], R(3, 2), [3, 2])
    case("ScatterNd", np.array([[0, 1], [1, 0]], np.int64), R(2), np.array([2, 2], np.int64),
         label="int64", types=FLOATS)
    case("ScatterNd", np.zeros((0, 1), np.int32), R(0, 2), [3, 2], label="nothing", types=[f32])
    refused("ScatterNd", [[0], [3]], R(2), [3], label="too large")
    refused("ScatterNd", [[0], [1]], R(3), [3], label="updates do not fit")

    case("Pad", R(2, 3), [[1, 0], [0, 2]])
    case("Pad", R(2, 2, 1), np.array([[0, 1], [2, 0], [0, 0]], np.int64), label="int64",
         types=FLOATS)
    case("Pad", R(2, 3), [[0, 0], [0, 0]], label="nothing", types=[f32])
    case("Pad", R(0, 2), [[1, 1], [0, 0]], label="of empty", types=[f32])
    case("Pad", R(), np.zeros((0, 2), np.int32), label="scalar", types=[f32])
    case("PadV2", R(2, 3), [[1, 0], [0, 2]], V(7))
    case("PadV2", R(2), np.array([[1, 2]], np.int64), V(0.5), label="int64", types=FLOATS)
    for op, more in [("Pad", ()), ("PadV2", (V(1),))]:
        refused(op, R(2, 3), [[1, 0]], *more, label="short")
        refused(op, R(2, 3), [[1, 0], [-1, 0]], *more, label="negative")
        refused(op, R(2, 3), [[1, 0, 0], [1, 0, 0]], *more, label="three columns")
    refused("PadV2", R(2), [[1, 0]], V([1]), label="value of rank 1")
    for mode in ("REFLECT", "SYMMETRIC"):
        case("MirrorPad", R(2, 3), [[1, 1], [2, 0]], label=mode, mode=mode)
        case("MirrorPad", R(3), np.array([[0, 2]], np.int64), label=f"{mode} vector",
             types=FLOATS, mode=mode)
        case("MirrorPadGrad", R(4, 5), [[1, 1], [2, 0]], label=mode, mode=mode, types=FLOATS)
    refused("MirrorPad", R(2, 3), [[2, 0], [0, 0]], label="reflect too much", mode="REFLECT")
    refused("MirrorPad", R(2, 3), [[3, 0], [0, 0]], label="symmetric too much", mode="SYMMETRIC")
    refused("MirrorPad", R(2, 3), [[1, 0], [0, 0]], label="no such mode", mode="EDGE")


def matrix():
    family("matrix")
    for a, b in [(False, False), (True, False), (False, True), (True, True)]:
        case("MatMul", R(*((3, 2) if a else (2, 3))), R(*((4, 3) if b else (3, 4))),
             label=f"transpose {a} {b}", types=FLOATS + [i32], transpose_a=a, transpose_b=b)
    case("MatMul", R(2, 3), R(3, 2), label="types", gradient=False)
    case("MatMul", R(1, 3), R(3, 1), label="row and column", types=FLOATS)
    case("MatMul", R(3, 1), R(1, 2), label="outer", types=[f32])
    case("MatMul", R(2, 0), R(0, 3), label="inner empty", types=[f32, f64])
    case("MatMul", R(0, 3), R(3, 2), label="no rows", types=[f32])
    case("MatMul", R(2, 3), R(3, 0), label="no columns", types=[f32])
    case("MatMul", V([[nan, 1], [inf, 0]]), V([[0, 1], [1, 0]]), label="special", types=[f32],
         gradient=False)
    case("MatMul", R(9, 17), R(17, 5), label="uneven", types=[f32], gradient=False)
    refused("MatMul", R(2, 3), R(4, 5), label="do not fit")
    refused("MatMul", R(2, 3), R(3), label="of rank 1")
    refused("MatMul", R(2, 3), R(2, 3), label="transposed does not fit", transpose_b=False)
    refused("MatMul", R(2, 3), V([["a"]], string), label="two types")
    for x, y in [(False, False), (True, False), (False, True), (True, True)]:
        case("BatchMatMulV2", R(2, *((3, 2) if x else (2, 3))), R(2, *((2, 3) if y else (3, 2))),
             label=f"adjoint {x} {y}", types=FLOATS, adj_x=x, adj_y=y)
    case("BatchMatMulV2", R(2, 2, 3), R(2, 3, 2), label="types", gradient=False)
    case("BatchMatMulV2", R(2, 3), R(3, 2), label="no batch", types=FLOATS)
    case("BatchMatMulV2", R(2, 1, 2, 3), R(3, 3, 1), label="broadcast", types=FLOATS)
    case("BatchMatMulV2", R(2, 3), R(2, 3, 2), label="broadcast left", types=FLOATS)
    case("BatchMatMulV2", R(0, 2, 3), R(0, 3, 2), label="empty batch", types=[f32])
    case("BatchMatMulV2", R(2, 2, 0), R(2, 0, 2), label="inner empty", types=[f32])
    refused("BatchMatMulV2", R(2, 2, 3), R(2, 4, 2), label="do not fit")
    refused("BatchMatMulV2", R(2, 2, 3), R(3, 3, 2), label="batches do not broadcast")
    refused("BatchMatMulV2", R(3), R(3, 2), label="of rank 1")
    case("BiasAdd", R(2, 3), R(3))
    case("BiasAdd", R(1, 2, 2, 3), R(3), label="images", types=FLOATS)
    case("BiasAdd", R(1, 3, 2, 2), R(3), label="NCHW", types=FLOATS, data_format="NCHW")
    case("BiasAdd", R(2, 3, 2), R(3), label="NCHW rank 3", types=FLOATS, data_format="NCHW")
    case("BiasAdd", R(2, 2, 1, 2, 2), R(2), label="rank 5", types=[f32])
    case("BiasAdd", R(0, 3), R(3), label="empty", types=[f32])
    refused("BiasAdd", R(2, 3), R(2), label="does not fit")
    refused("BiasAdd", R(2, 3, 4, 4), R(4), label="NCHW does not fit", data_format="NCHW")
    refused("BiasAdd", R(2, 3), R(1, 3), label="bias of rank 2")
    refused("BiasAdd", R(3), R(3), label="vector")
    case("BiasAddGrad", R(2, 3))
    case("BiasAddGrad", R(1, 2, 2, 3), label="images", types=FLOATS)
    case("BiasAddGrad", R(1, 3, 2, 2), label="NCHW", types=FLOATS, data_format="NCHW")
    case("BiasAddGrad", R(2, 3, 2), label="NCHW rank 3", types=FLOATS, data_format="NCHW")
    case("BiasAddGrad", R(0, 3), label="empty", types=[f32])
    refused("BiasAddGrad", R(3), label="vector")


def loss():
    family("loss")
    case("SoftmaxCrossEntropyWithLogits", R(2, 3), V([[0.25, 0.25, 0.5], [0.625, 0.25, 0.125]]),
         gradient_of=[0])
    case("SoftmaxCrossEntropyWithLogits", R(2, 3), V([[0, 1, 0], [1, 0, 0]]), label="one hot",
         types=FLOATS, gradient_of=[0])
    case("SoftmaxCrossEntropyWithLogits", R(2, 3), R(1, 3, lo=0.1, hi=0.6), label="broadcast",
         types=FLOATS, gradient=False)
    case("SoftmaxCrossEntropyWithLogits", V([[1000, 0, -1000], [88, 89, 90]]),
         V([[0, 1, 0], [0, 0, 1]]), label="large", types=FLOATS, gradient=False)
    case("SoftmaxCrossEntropyWithLogits", R(0, 3), R(0, 3), label="empty", types=[f32],
         gradient=False)
    refused("SoftmaxCrossEntropyWithLogits", R(2, 3), R(2, 4), label="do not fit")
    refused("SoftmaxCrossEntropyWithLogits", R(3), R(3), label="vectors")
    case("SparseSoftmaxCrossEntropyWithLogits", R(3, 4), [0, 3, 1], gradient_of=[0])
    case("SparseSoftmaxCrossEntropyWithLogits", R(2, 3), np.array([2, 0], np.int64),
         label="int64", types=FLOATS, gradient_of=[0])
    case("SparseSoftmaxCrossEntropyWithLogits", R(0, 3), np.zeros(0, np.int32), label="empty",
         types=[f32], gradient=False)
    refused("SparseSoftmaxCrossEntropyWithLogits", R(2, 3), [0, 3], label="label too large")
    refused("SparseSoftmaxCrossEntropyWithLogits", R(2, 3), [0, -1], label="negative label")
    refused("SparseSoftmaxCrossEntropyWithLogits", R(2, 3), [0], label="do not fit")
    refused("SparseSoftmaxCrossEntropyWithLogits", R(3), 0, label="vectors")


def nchw(pairs):
    return [pairs[0], pairs[3], pairs[1], pairs[2]]


def both_formats(op, arrays, images, image_outputs, label, nhwc, types=FLOATS, sizes=(), **more):
    """A case in NHWC and the same in NCHW; `arrays` are NHWC shapes and other values."""
    case(op, *arrays, label=label, types=types, sizes=sizes, **nhwc, **more)
    turned = []
    for i, value in enumerate(arrays):
        if i in images:
            value = R(*nchw(value.shape), lo=value.lo, hi=value.hi, dtype=value.dtype)
        elif i in sizes:
            value = nchw(list(value))
        turned.append(value)
    options = dict(nhwc, data_format="NCHW")
    for key in ("strides", "ksize", "dilations"):
        if key in options:
            options[key] = nchw(options[key])
    if "explicit_paddings" in options:
        pairs = np.reshape(options["explicit_paddings"], (4, 2)).tolist()
        options["explicit_paddings"] = flatten(nchw(pairs))
    case(op, *turned, label=f"{label} NCHW", types=[f32], images=images,
         image_outputs=image_outputs, sizes=sizes, **options, **more)


WINDOWS = [
    # label, height, width of the filter, padding, strides, dilations
    ("same", 3, 3, "SAME", 1, 1, 1, 1),
    ("valid", 3, 2, "VALID", 1, 1, 1, 1),
    ("same stride 2", 3, 3, "SAME", 2, 2, 1, 1),
    ("valid stride 2", 2, 2, "VALID", 2, 2, 1, 1),
    ("1x1", 1, 1, "VALID", 1, 1, 1, 1),
    ("1x1 stride 2", 1, 1, "SAME", 2, 2, 1, 1),
    ("strides 1 2", 2, 3, "SAME", 1, 2, 1, 1),
    ("same dilation 2", 2, 2, "SAME", 1, 1, 2, 2),
    ("valid dilation 2 1", 2, 2, "VALID", 1, 1, 2, 1),
    ("explicit", 3, 3, "EXPLICIT", 1, 1, 1, 1),
    ("explicit stride 2", 3, 3, "EXPLICIT", 2, 2, 1, 1),
    ("filter larger than image", 5, 6, "SAME", 1, 1, 1, 1),
]


def convolution():
    family("convolution")
    explicit = [0, 0, 1, 0, 2, 1, 0, 0]
    for label, h, w, padding, sh, sw, dh, dw in WINDOWS:
        options = dict(strides=[1, sh, sw, 1], padding=padding, dilations=[1, dh, dw, 1])
        if padding == "EXPLICIT":
            options["explicit_paddings"] = explicit
        types = FLOATS if label in ("same stride 2", "valid", "explicit") else [f32]
        both_formats("Conv2D", [R(1, 4, 5, 2), R(h, w, 2, 2)], [0], [0], label, options,
                     types=types)
        with tf.Graph().as_default():
            x = tf.zeros([1, 4, 5, 2])
            y = add_node("Conv2D", [x, tf.zeros([h, w, 2, 2])], options).outputs[0].shape.as_list()
        if label in ("same", "valid stride 2", "strides 1 2", "same dilation 2",
                     "explicit stride 2", "1x1 stride 2"):
            types = FLOATS if label == "explicit stride 2" else [f32]
            both_formats("Conv2DBackpropInput", [[1, 4, 5, 2], R(h, w, 2, 2), R(*y)], [2], [0],
                         label, options, types=types, sizes=[0])
            both_formats("Conv2DBackpropFilter", [R(1, 4, 5, 2), [h, w, 2, 2], R(*y)], [0, 2], [],
                         label, options, types=types)
        if padding == "EXPLICIT" or label in (
                "same", "same stride 2", "valid", "filter larger than image"):
            with tf.Graph().as_default():
                x = tf.zeros([1, 4, 5, 2])
                y = add_node("DepthwiseConv2dNative", [x, tf.zeros([h, w, 2, 2])],
                             options).outputs[0].shape.as_list()
            types = FLOATS if label in ("same stride 2", "explicit stride 2") else [f32]
            both_formats("DepthwiseConv2dNative", [R(1, 4, 5, 2), R(h, w, 2, 2)], [0], [0], label,
                         options, types=types)
            if label in ("same", "same stride 2", "explicit"):
                both_formats(
                    "DepthwiseConv2dNativeBackpropInput",
                    [[1, 4, 5, 2], R(h, w, 2, 2), R(*y)], [2], [0], label, options,
                    types=types, sizes=[0])
                both_formats(
                    "DepthwiseConv2dNativeBackpropFilter",
                    [R(1, 4, 5, 2), [h, w, 2, 2], R(*y)], [0, 2], [], label, options, types=types)
    plain = dict(strides=[1, 1, 1, 1], padding="SAME")
    case("Conv2D", R(2, 3, 3, 1), R(2, 2, 1, 3), label="batch", **plain, types=FLOATS)
    case("Conv2D", R(1, 3, 3, 4), R(2, 2, 2, 2), label="groups", types=[f32], gradient=False,
         strides=[1, 1, 1, 1], padding="VALID")
    case("Conv2D", R(1, 3, 3, 2), R(2, 2, 2, 2), label="int32", types=[i32], **plain)
    case("Conv2D", R(0, 3, 3, 2), R(2, 2, 2, 2), label="no image", types=[f32], **plain)
    case("Conv2D", R(1, 3, 3, 2), R(2, 2, 2, 0), label="no filter", types=[f32], gradient=False,
         **plain)
    case("Conv2D", R(1, 9, 8, 5, dtype=f32), R(3, 3, 5, 9, dtype=f32), label="larger",
         gradient=False, **plain)
    case("DepthwiseConv2dNative", R(1, 3, 3, 3), R(2, 2, 3, 1), label="multiplier 1", types=FLOATS,
         **plain)
    for op in ["Conv2D", "DepthwiseConv2dNative"]:
        x, f = R(1, 4, 4, 2), R(2, 2, 2, 3)
        refused(op, x, R(2, 2, 3, 3), label="depth does not fit", **plain)
        refused(op, R(4, 4, 2), f, label="image of rank 3", **plain)
        refused(op, x, R(2, 2, 2), label="filter of rank 3", **plain)
        refused(op, x, R(5, 5, 2, 2), label="filter too large", strides=[1, 1, 1, 1],
                padding="VALID")
        refused(op, x, f, label="three strides", strides=[1, 1, 1], padding="SAME")
        refused(op, x, f, label="zero stride", strides=[1, 0, 0, 1], padding="SAME")
        refused(op, x, f, label="batch stride", strides=[2, 1, 1, 1], padding="SAME")
        refused(op, x, f, label="no such padding", strides=[1, 1, 1, 1], padding="FULL")
        refused(op, x, f, label="no explicit paddings", strides=[1, 1, 1, 1], padding="EXPLICIT")
        refused(op, x, f, label="explicit paddings unasked", explicit_paddings=explicit, **plain)
        refused(op, x, f, label="negative explicit padding", strides=[1, 1, 1, 1],
                padding="EXPLICIT", explicit_paddings=[0, 0, -1, 0, 0, 0, 0, 0])
        refused(op, x, f, label="zero dilation", dilations=[1, 0, 1, 1], **plain)
    refused("Conv2DBackpropInput", [1, 4, 4, 2], R(2, 2, 2, 3), R(1, 3, 4, 3),
            label="does not fit", **plain)
    refused("Conv2DBackpropFilter", R(1, 4, 4, 2), [2, 2, 2, 3], R(1, 3, 4, 3),
            label="does not fit", **plain)
    refused("Conv2DBackpropInput", [4, 4, 2], R(2, 2, 2, 3), R(1, 4, 4, 3),
            label="three sizes", **plain)
    refused("Conv2DBackpropFilter", R(1, 4, 4, 2), [2, 2, 3], R(1, 4, 4, 3),
            label="three sizes", **plain)


def pooling():
    family("pooling")
    explicit = [0, 0, 1, 0, 0, 1, 0, 0]
    windows = [
        ("valid", 2, 2, "VALID", 2, 2), ("same", 3, 3, "SAME", 2, 2),
        ("overlapping", 3, 2, "VALID", 1, 1), ("same stride 1", 2, 2, "SAME", 1, 1),
        ("gaps", 1, 1, "VALID", 2, 2), ("window of strides 1 2", 2, 3, "SAME", 1, 2),
        ("explicit", 2, 2, "EXPLICIT", 2, 2)]
    for label, h, w, padding, sh, sw in windows:
        options = dict(ksize=[1, h, w, 1], strides=[1, sh, sw, 1], padding=padding)
        types = FLOATS if label in ("same", "valid") else [f32]
        if padding == "EXPLICIT":
            options["explicit_paddings"] = explicit
        both_formats("MaxPool", [R(1, 4, 5, 2)], [0], [0], label, options, types=types)
        x = R(1, 4, 5, 2)
        with tf.Graph().as_default(), tf.Session(config=session_config()) as session:
            value = x.resolve(f32, f"pool {label}")
            pooled = session.run(add_node("MaxPool", [tf.constant(value)], options).outputs[0])
        case("MaxPoolGrad", value, pooled, R(*pooled.shape, dtype=f32), label=label, **options)
        case("MaxPoolGradGrad", value, pooled, R(1, 4, 5, 2, dtype=f32), label=label,
             **options) if padding != "EXPLICIT" else None
        if label == "same":
            wide = value.astype(np.float64)
            case("MaxPoolGrad", wide, pooled.astype(np.float64), R(*pooled.shape, dtype=f64),
                 label="double", **options)
            case("MaxPoolGradGrad", wide, pooled.astype(np.float64), R(1, 4, 5, 2, dtype=f64),
                 label="double", fixed=[0, 1], **options)
            turn = lambda a: np.ascontiguousarray(np.transpose(a, (0, 3, 1, 2)))
            turned = dict(options, ksize=nchw(options["ksize"]), strides=nchw(options["strides"]),
                          data_format="NCHW")
            case("MaxPoolGrad", turn(value), turn(pooled), turn(pooled) + 1, label="NCHW",
                 images=[0, 1, 2], image_outputs=[0], gradient=False, **turned)
        if padding != "EXPLICIT":
            both_formats("AvgPool", [R(1, 4, 5, 2)], [0], [0], label, options, types=types)
            shape = list(pooled.shape)
            case("AvgPoolGrad", [1, 4, 5, 2], R(*shape), label=label, types=types, **options)
            if label == "same":
                both_formats("AvgPoolGrad", [[1, 4, 5, 2], R(*shape)], [1], [0],
                             "formats", options, types=[f32], sizes=[0])
    plain = dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    case("MaxPool", V([[[[1], [3]], [[3], [3]]]]), label="ties", types=[f32], **plain)
    case("MaxPool", R(1, 2, 4, 1), label="types", gradient=False, **plain)
    case("MaxPool", np.array([[[[nan], [1]], [[2], [3]]]], np.float32), label="nan", gradient=False,
         **plain)
    case("MaxPool", np.full((1, 2, 2, 1), -inf, np.float32), label="minus infinity",
         gradient=False, **plain)
    case("MaxPool", R(1, 2, 2, 4), label="depth", types=[f32], ksize=[1, 1, 1, 2],
         strides=[1, 1, 1, 2], padding="VALID", gradient=False)
    for op in ["MaxPool", "AvgPool"]:
        x = R(1, 4, 4, 2)
        case(op, R(0, 4, 4, 1), label="no image", types=[f32], **plain)
        refused(op, R(4, 4, 2), label="of rank 3", **plain)
        refused(op, x, label="window too large", ksize=[1, 5, 5, 1], strides=[1, 1, 1, 1],
                padding="VALID")
        refused(op, x, label="three sizes", ksize=[1, 2, 2], strides=[1, 2, 2, 1], padding="VALID")
        refused(op, x, label="zero stride", ksize=[1, 2, 2, 1], strides=[1, 0, 2, 1],
                padding="VALID")
        refused(op, x, label="zero window", ksize=[1, 0, 2, 1], strides=[1, 1, 2, 1],
                padding="VALID")
        refused(op, x, label="over the batch", ksize=[2, 2, 2, 1], strides=[1, 1, 2, 1],
                padding="VALID")
    refused("MaxPoolGrad", R(1, 4, 4, 2), R(1, 2, 2, 2), R(1, 3, 2, 2), label="does not fit",
            **plain)
    refused("AvgPoolGrad", [4, 4, 2], R(1, 2, 2, 2), label="three sizes", **plain)


def normalization():
    family("normalization")
    for version in ["", "V2", "V3"]:
        op = "FusedBatchNorm" + version
        # The third reserve space is scratch memory of one processor type.
        options = dict(gradient_of=[0], ignore=[5] if version == "V3" else [])
        c = 3
        parameters = [R(c, lo=0.5, hi=1.5, dtype=f32), R(c, dtype=f32)]
        nothing = np.zeros(0, np.float32)
        statistics = [R(c, dtype=f32), R(c, lo=0.5, hi=2, dtype=f32)]
        formats = [("NHWC", (2, 2, 3, c)), ("NCHW", (2, c, 2, 3))]
        for data_format, shape in formats:
            if data_format == "NCHW" and version == "V2":
                continue
            image = dict(data_format=data_format)
            if data_format == "NCHW":
                image.update(images=[0], image_outputs=[0])
            x = R(*shape, dtype=f32)
            case(op, x, *parameters, nothing, nothing, label=f"training {data_format}",
                 **image, **options)
            # Nothing is written to the reserve spaces either.
            case(op, x, *parameters, *statistics, label=f"inference {data_format}",
                 is_training=False, **image, **dict(options, ignore=[3, 4, 5]))
            if not version:
                continue
            case(op, x, *parameters, nothing, nothing, label=f"epsilon {data_format}",
                 epsilon=0.1, **image, **options)
            case(op, x, *parameters, *statistics,
                 label=f"exponential average {data_format}",
                 exponential_avg_factor=0.25, **image, **options)
        case(op, R(1, 1, 1, c, dtype=f32), *parameters, nothing, nothing, label="one pixel",
             **options)
        refused(op, R(2, 3, c), *parameters, nothing, nothing, label="of rank 3")
        refused(op, R(1, 2, 2, 4), *parameters, nothing, nothing, label="depth does not fit")
        refused(op, R(1, 2, 2, c), *parameters, nothing, nothing, label="no statistics",
                is_training=False)
        refused(op, R(1, 2, 2, c), R(1, c), R(c), nothing, nothing, label="scale of rank 2")
        grad = "FusedBatchNormGrad" + version
        more = [nothing] if version == "V3" else []
        for training in (True, False):
            for data_format, shape in formats:
                image = dict(data_format=data_format)
                if data_format == "NCHW":
                    image.update(images=[0, 1], image_outputs=[0])
                case(grad, R(*shape, dtype=f32), R(*shape, dtype=f32),
                     R(c, lo=0.5, hi=1.5, dtype=f32), *statistics, *more,
                     label=f"training {training} {data_format}", is_training=training,
                     ignore=[3, 4], gradient_of=[0], **image)
        refused(grad, R(1, 2, 2, c), R(1, 2, 1, c), R(c), R(c), R(c), *more, label="do not fit")
        refused(grad, R(1, 2, 2, c), R(1, 2, 2, c), R(2), R(c), R(c), *more,
                label="depth does not fit")


def resize():
    family("resize")
    for op in ["ResizeBilinear", "ResizeNearestNeighbor"]:
        case(op, R(1, 2, 2, 2, lo=0, hi=20), [3, 4])
        for label, shape, size in [
            ("up", (1, 3, 3, 1), [5, 7]), ("down", (1, 5, 6, 1), [2, 3]),
            ("same", (1, 2, 3, 1), [2, 3]), ("to one", (1, 3, 4, 1), [1, 1]),
            ("from one", (1, 1, 1, 2), [2, 3])]:
            for align, half in [(False, False), (True, False), (False, True)]:
                suffix = " aligned" if align else " half pixel" if half else ""
                case(op, R(*shape, lo=-5, hi=5), size, label=label + suffix,
                     types=FLOATS if label == "up" else [f32],
                     align_corners=align, half_pixel_centers=half)
        case(op, R(0, 2, 2, 1), [3, 3], label="no image", types=[f32], gradient=False)
        refused(op, R(2, 2, 1), [3, 3], label="of rank 3")
        refused(op, R(1, 2, 2, 1), [0, 3], label="to nothing")
        refused(op, R(1, 2, 2, 1), [3], label="one size")
        refused(op, R(1, 2, 2, 1), [3, 3, 3], label="three sizes")
        refused(op, R(1, 2, 2, 1), [3, 3], label="both flags", align_corners=True,
                half_pixel_centers=True)
    for align, half in [(False, False), (True, False), (False, True)]:
        suffix = " aligned" if align else " half pixel" if half else ""
        for label, big, small in [("up", (1, 4, 5, 1), (1, 3, 2, 1)),
                                  ("down", (1, 2, 2, 1), (1, 4, 3, 1))]:
            case("ResizeBilinearGrad", R(*big, dtype=f32), R(*small), label=label + suffix,
                 types=FLOATS, align_corners=align, half_pixel_centers=half)
            case("ResizeNearestNeighborGrad", R(*big), list(small[1:3]), label=label + suffix,
                 types=FLOATS, align_corners=align, half_pixel_centers=half)
    refused("ResizeBilinearGrad", R(2, 2, 1), R(1, 3, 3, 1), label="of rank 3")
    refused("ResizeNearestNeighborGrad", R(1, 2, 2, 1), [3], label="one size")
    case("AdjustContrastv2", R(2, 2, 3, lo=0, hi=1, dtype=f32), np.float32(2))
    case("AdjustContrastv2", R(2, 2, 2, 3, lo=0, hi=1, dtype=f32), np.float32(0.5), label="batch")
    case("AdjustContrastv2", R(2, 3, 1, lo=0, hi=1, dtype=f32), np.float32(-1), label="negative")
    case("AdjustContrastv2", R(0, 2, 3, dtype=f32), np.float32(2), label="empty")
    refused("AdjustContrastv2", R(2, 3), np.float32(2), label="of rank 2")
    refused("AdjustContrastv2", R(2, 2, 3), [2.0], label="factor of rank 1")


def picture(height, width, channels, dtype=np.uint8):
    """A smooth coloured picture, so that JPEG keeps it well."""
    y, x, c = np.meshgrid(
        np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    top = np.iinfo(dtype).max
    return (top * (0.5 + 0.45 * np.sin(0.5 * x + c) * np.cos(0.4 * y - c))).astype(dtype)


def run_alone(op, *inputs, **attrs):
    with tf.Graph().as_default(), tf.Session(config=session_config()) as session:
        node = add_node(op, [tf.constant(v) for v in inputs], attrs)
        return session.run(node.outputs[0])


def image():
    family("image")
    for channels in (1, 2, 3, 4):
        for dtype in (np.uint8, np.uint16):
            case("EncodePng", picture(3, 4, channels, dtype), tolerance="png",
                 label=f"{channels} channels {np.dtype(dtype).name}")
    case("EncodePng", picture(4, 5, 3), tolerance="png", label="uncompressed", compression=0)
    case("EncodePng", np.stack([picture(2, 3, 3), 255 - picture(2, 3, 3)]), tolerance="png",
         label="batch")
    refused("EncodePng", picture(3, 4, 1)[..., 0], label="of rank 2")
    refused("EncodePng", np.zeros((2, 2, 5), np.uint8), label="five channels")
    refused("EncodePng", np.zeros((0, 2, 3), np.uint8), label="empty")
    refused("EncodePng", picture(3, 4, 3), label="no such compression", compression=12)
    refused("EncodePng", picture(3, 4, 3).astype(np.float32), label="float")
    for channels in (1, 2, 3, 4):
        data = np.array(run_alone("EncodePng", picture(3, 4, channels)), object)
        for wanted in (0, 1, 3, 4):
            case("DecodePng", data, label=f"{channels} as {wanted}", channels=wanted)
    deep = np.array(run_alone("EncodePng", picture(3, 4, 3, np.uint16)), object)
    case("DecodePng", deep, label="uint16", dtype=u16)
    case("DecodePng", deep, label="uint16 as uint8")
    case("DecodePng", data, label="uint8 as uint16", dtype=u16)
    refused("DecodePng", np.array(b"not a picture", object), label="text")
    refused("DecodePng", np.array(data.item()[:60], object), label="truncated")
    refused("DecodePng", np.array([data.item()], object), label="vector")
    refused("DecodePng", data, label="two channels", channels=2)
    refused("DecodePng", np.array(b"", object), label="nothing")

    colour, grey = picture(19, 21, 3), picture(9, 10, 1)
    jpeg = np.array(run_alone("EncodeJpeg", colour, quality=90), object)
    grey_jpeg = np.array(run_alone("EncodeJpeg", grey), object)
    progressive = np.array(run_alone("EncodeJpeg", colour, progressive=True), object)
    unsampled = np.array(run_alone("EncodeJpeg", colour, chroma_downsampling=False), object)
    case("DecodeJpeg", jpeg)
    for channels in (1, 3):
        case("DecodeJpeg", jpeg, label=f"as {channels}", channels=channels)
        case("DecodeJpeg", grey_jpeg, label=f"grey as {channels}", channels=channels)
    case("DecodeJpeg", grey_jpeg, label="grey")
    for ratio in (2, 4, 8):
        case("DecodeJpeg", jpeg, label=f"ratio {ratio}", ratio=ratio)
    case("DecodeJpeg", jpeg, label="no fancy upscaling", fancy_upscaling=False)
    case("DecodeJpeg", jpeg, label="accurate", dct_method="INTEGER_ACCURATE")
    case("DecodeJpeg", jpeg, label="fast", dct_method="INTEGER_FAST")
    case("DecodeJpeg", progressive, label="progressive")
    case("DecodeJpeg", unsampled, label="without downsampling")
    case("DecodeJpeg", data, label="of a png", channels=3)
    cut = np.array(jpeg.item()[:-100], object)
    refused("DecodeJpeg", cut, label="truncated")
    case("DecodeJpeg", cut, label="truncated recovered", try_recover_truncated=True,
         acceptable_fraction=0.3)
    refused("DecodeJpeg", np.array(b"not a picture", object), label="text")
    refused("DecodeJpeg", np.array(b"", object), label="nothing")
    refused("DecodeJpeg", jpeg, label="two channels", channels=2)
    refused("DecodeJpeg", jpeg, label="ratio 3", ratio=3)
    refused("DecodeJpeg", jpeg, label="no such method", dct_method="SLOW")
    refused("DecodeJpeg", np.array([jpeg.item()], object), label="vector")
    for label, window in [("part", [3, 2, 8, 9]), ("odd", [1, 5, 7, 3]), ("whole", [0, 0, 19, 21])]:
        case("DecodeAndCropJpeg", jpeg, window, label=label)
    case("DecodeAndCropJpeg", jpeg, [3, 2, 8, 9], label="grey", channels=1)
    case("DecodeAndCropJpeg", grey_jpeg, [1, 1, 4, 5], label="of grey")
    refused("DecodeAndCropJpeg", jpeg, [3, 2, 30, 9], label="beyond")
    refused("DecodeAndCropJpeg", jpeg, [-1, 2, 3, 9], label="negative")
    refused("DecodeAndCropJpeg", jpeg, [3, 2, 8], label="three numbers")
    case("DecodeImage", jpeg, label="jpeg")
    case("DecodeImage", data, label="png")
    case("DecodeImage", data, label="png as 3", channels=3, expand_animations=False)
    case("DecodeImage", grey_jpeg, label="grey as 3", channels=3)
    case("DecodeImage", data, label="as float", dtype=f32)
    case("DecodeImage", deep, label="uint16", dtype=u16)
    refused("DecodeImage", np.array(b"not a picture", object), label="text")
    refused("DecodeImage", jpeg, label="two channels", channels=2)
    case("EncodeJpeg", colour, tolerance="jpeg")
    case("EncodeJpeg", grey, tolerance="jpeg", label="grey")
    for label, options in [
        ("quality 50", {"quality": 50}), ("quality 100", {"quality": 100}),
        ("progressive", {"progressive": True}), ("optimized", {"optimize_size": True}),
        ("without downsampling", {"chroma_downsampling": False}),
        ("format rgb", {"format": "rgb"}),
        ("density", {"density_unit": "cm", "x_density": 100, "y_density": 50}),
        ("metadata", {"xmp_metadata": "made here"})]:
        case("EncodeJpeg", colour, tolerance="jpeg", label=label, **options)
    refused("EncodeJpeg", colour[..., 0], label="of rank 2")
    refused("EncodeJpeg", picture(3, 4, 2), label="two channels")
    refused("EncodeJpeg", colour, label="quality 101", quality=101)
    refused("EncodeJpeg", colour, label="grey asked", format="grayscale")


def random():
    family("random")
    seeds = [(1, 2), (87654321, 0), (0, 7)]
    i = np.int64
    for op in ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"]:
        for dtype in FLOATS:
            for seed, seed2 in seeds:
                case(op, [2, 3], label=f"seeds {seed} {seed2} {dtype.name}", dtype=dtype, seed=seed,
                     seed2=seed2, runs=3)
        for label, shape in [("scalar", np.zeros(0, np.int32)), ("one", [1]), ("five", [5]),
                             ("int64", np.array([4, 1], i)), ("empty", [0, 3]), ("long", [70]),
                             ("rank 4", [2, 1, 3, 2])]:
            case(op, shape, label=label, dtype=f32, seed=42, seed2=5, runs=2)
        case(op, [9], label="nine float64", dtype=f64, seed=42, seed2=5, runs=2)
        refused(op, [2, -1], label="negative", dtype=f32, seed=1)
        refused(op, [[2]], label="shape of rank 2", dtype=f32, seed=1)
    case("RandomUniform", [600], label="many", dtype=f32, seed=3, seed2=4, runs=2)
    case("RandomStandardNormal", [600], label="many", dtype=f32, seed=3, seed2=4, runs=2)
    case("TruncatedNormal", [600], label="many", dtype=f32, seed=3, seed2=4, runs=2)
    for t in (np.int32, np.int64):
        n = np.dtype(t).name
        for seed, seed2 in seeds:
            case("RandomUniformInt", [2, 3], t(0), t(10), label=f"seeds {seed} {seed2} {n}",
                 seed=seed, seed2=seed2, runs=3)
        case("RandomUniformInt", [5], t(-7), t(100), label=f"five {n}", seed=1, seed2=2, runs=2)
        low, high = np.iinfo(t).min, np.iinfo(t).max
        case("RandomUniformInt", [5], t(low), t(high), label=f"full {n}", seed=1, seed2=2, runs=2)
        case("RandomUniformInt", [0], t(0), t(3), label=f"empty {n}", seed=1, seed2=2)
        refused("RandomUniformInt", [2], t(3), t(3), label=f"empty range {n}", seed=1)
        refused("RandomUniformInt", [2], np.array([1], t), t(3), label=f"vector {n}", seed=1)
    case("RandomShuffle", R(5, 2), seed=1, seed2=2, runs=2)
    for seed, seed2 in seeds:
        case("RandomShuffle", np.arange(8, dtype=np.int32), label=f"seeds {seed} {seed2}",
             seed=seed, seed2=seed2, runs=3)
    case("RandomShuffle", np.arange(4).reshape(1, 4).astype(np.int32), label="one row", seed=1,
         seed2=2, runs=2)
    case("RandomShuffle", np.float32(3), label="scalar", seed=1, seed2=2)
    case("RandomShuffle", np.zeros((0, 2), np.float32), label="empty", seed=1, seed2=2)


def example(**features):
    message = tf.train.Example()
    for name, values in features.items():
        feature = message.features.feature[name]
        if not values or isinstance(values[0], bytes):
            feature.bytes_list.value.extend(values)
        elif isinstance(values[0], float):
            feature.float_list.value.extend(values)
        else:
            feature.int64_list.value.extend(values)
    return np.array(message.SerializeToString(deterministic=True), object)


def parsing():
    family("parsing")
    nothing = np.zeros(0, np.float32)
    none_i, none_s = np.zeros(0, np.int64), np.zeros(0, object)
    full = example(name=[b"a"], box=[0.5, 1.5, 2.5, 3.5], label=[3], tags=[b"x", b"\xff"],
                   sizes=[4, 5, 6])
    dense = dict(num_sparse=0, sparse_keys=[], sparse_types=[])
    case("ParseSingleExample", full, (nothing, none_s), label="dense", dense_keys=["box", "name"],
         dense_shapes=[[4], []], Tdense=[f32, string], **dense)
    case("ParseSingleExample", full, (none_i, nothing), label="matrix", dense_keys=["label", "box"],
         dense_shapes=[[1], [2, 2]], Tdense=[i64, f32], **dense)
    case("ParseSingleExample", full, (np.array([7, 8], np.int64), np.array(9.0, np.float32)),
         label="defaults", dense_keys=["missing", "also"], dense_shapes=[[2], []],
         Tdense=[i64, f32], **dense)
    case("ParseSingleExample", full, (np.array(9.0, np.float32), np.array(0, np.int64)),
         label="variable length",
         dense_keys=["box", "sizes"], dense_shapes=[[None], [None]], Tdense=[f32, i64], **dense)
    case("ParseSingleExample", full, (np.array(9.0, np.float32),), label="variable and missing",
         dense_keys=["missing"], dense_shapes=[[None, 2]], Tdense=[f32], **dense)
    sparse = dict(dense_keys=[], dense_shapes=[], Tdense=[])
    case("ParseSingleExample", full, (), label="sparse", num_sparse=3,
         sparse_keys=["sizes", "tags", "missing"], sparse_types=[i64, string, f32], **sparse)
    case("ParseSingleExample", full, (nothing,), label="sparse and dense", num_sparse=1,
         sparse_keys=["sizes"], sparse_types=[i64], dense_keys=["box"], dense_shapes=[[4]],
         Tdense=[f32])
    one = dict(dense, dense_keys=["box"], dense_shapes=[[4]], Tdense=[f32])
    refused("ParseSingleExample", example(other=[1]), (nothing,), label="missing", **one)
    refused("ParseSingleExample", example(box=[1, 2, 3, 4]), (nothing,), label="other type", **one)
    refused("ParseSingleExample", example(box=[1.0]), (nothing,), label="other count", **one)
    refused("ParseSingleExample", np.array(b"garbage", object), (nothing,), label="garbage",
            **one)
    refused("ParseSingleExample", np.array([full.item()], object), (nothing,), label="vector",
            **one)
    refused("ParseSingleExample", full, (nothing,), label="two keys",
            **dict(one, dense_keys=["box", "b"]))
    batch = np.array([full.item(), example(box=[4.0, 3.0, 2.0, 1.0], sizes=[9]).item()], object)
    names = np.zeros(0, object)
    def keys(*names):
        return tuple(np.array(n.encode(), object) for n in names)
    case("ParseExample", batch, names, (), keys("box"), (nothing,), label="dense",
         dense_shapes=[[4]], Nsparse=0, sparse_types=[])
    case("ParseExample", batch, names, (), keys("label", "box"),
         (np.array([7], np.int64), nothing), label="defaults", dense_shapes=[[1], [2, 2]],
         Nsparse=0, sparse_types=[])
    case("ParseExample", batch, names, keys("sizes", "tags"), (), (), label="sparse",
         dense_shapes=[], sparse_types=[i64, string])
    case("ParseExample", batch, names, (), keys("sizes"), (np.array(0, np.int64),),
         label="variable length", dense_shapes=[[None]], Nsparse=0, sparse_types=[])
    refused("ParseExample", batch, names, (), keys("label"), (none_i,), label="missing",
            dense_shapes=[[1]], Nsparse=0, sparse_types=[])
    refused("ParseExample", batch, np.array(["a", "b"]), (), keys("label"), (none_i,),
            label="missing and named", dense_shapes=[[1]], Nsparse=0, sparse_types=[])
    def key_list(*names):
        return np.array([n.encode() for n in names], object)
    second = dict(num_sparse=0, sparse_types=[], ragged_value_types=[], ragged_split_types=[])
    for label, messages in (("scalar", full), ("batch", batch)):
        case("ParseExampleV2", messages, names, names, key_list("box", "label"), names,
             (nothing, np.array([7], np.int64)), label=f"{label}, dense",
             dense_shapes=[[4], [1]], **second)
        case("ParseExampleV2", messages, names, key_list("sizes", "tags"), key_list("box"), names,
             (nothing,), label=f"{label}, sparse and dense", dense_shapes=[[4]],
             **dict(second, num_sparse=2, sparse_types=[i64, string]))
        refused("ParseExampleV2", messages, names, names, key_list("missing"), names, (none_i,),
                label=f"{label}, missing", dense_shapes=[[1]], **second)
    payload = np.array([0, 1, 2, 127, 128, 255, 254, 3], np.uint8).tobytes()
    floats = np.array([1.5, -2.25], np.float32).tobytes()
    for out in cpu_types("DecodeRaw", "out_type", TYPES + [f16, bf16]):
        if out in (string,):
            continue
        data = floats if out.is_floating else bytes(v & 1 for v in payload) if out == boolean \
            else payload
        case("DecodeRaw", np.array(data, object), label=out.name, out_type=out)
    case("DecodeRaw", np.array([payload, payload[::-1]], object), label="vector", out_type=i16)
    case("DecodeRaw", np.array(payload, object), label="big endian", out_type=i32,
         little_endian=False)
    case("DecodeRaw", np.zeros(0, object), label="nothing", out_type=u8)
    refused("DecodeRaw", np.array(payload[:7], object), label="not divisible", out_type=i32)
    refused("DecodeRaw", np.array([payload, payload[:4]], object), label="two lengths", out_type=u8)


def suppression():
    family("suppression")
    boxes = np.array([
        [0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1],
        [0, 100, 1, 101]], np.float32)
    flipped = boxes[:, [2, 3, 0, 1]]
    scores = np.array([.9, .75, .6, .95, .5, .3], np.float32)
    strange = np.array([nan, .75, .6, inf, -inf, .3], np.float32)
    unknown = boxes.copy()
    unknown[0, 0], unknown[3, 2], unknown[5] = nan, nan, 0
    n, half = np.int32, np.float32(0.5)
    zero, none = np.float32(0), np.float32(-inf)
    random = np.random.RandomState(7)
    corners = np.round(random.uniform(0, 1, (40, 4)), 2).astype(np.float32)
    many = np.round(random.uniform(0, 1, 40), 1).astype(np.float32)  # with ties

    op = "NonMaxSuppression"
    case(op, boxes, scores, n(3))
    case(op, boxes, scores, n(9), label="overlap 0.9", iou_threshold=0.9)
    case(op, flipped, strange, n(9), label="strange scores")
    case(op, corners, many, n(40), label="many", iou_threshold=0.1)
    refused(op, boxes, scores, n(3), label="overlap over 1", iou_threshold=1.5)
    refused(op, boxes, scores, n(3), label="overlap nan", iou_threshold=nan)
    refused(op, boxes, scores, n(-1), label="negative size")

    thresholds = {"NonMaxSuppressionV2": [half], "NonMaxSuppressionV3": [half, zero],
                  "NonMaxSuppressionV4": [half, zero], "NonMaxSuppressionV5": [half, zero, zero]}
    for op, rest in thresholds.items():
        more = rest[1:]
        case(op, boxes, scores, n(3), *rest)
        case(op, flipped, scores, n(9), *rest, label="flipped")
        case(op, boxes, scores, n(0), *rest, label="none wanted")
        case(op, boxes[:0], scores[:0], n(3), *rest, label="empty")
        case(op, boxes, strange, n(9), *rest, label="strange scores")
        case(op, unknown, scores, n(9), *rest, label="strange boxes")
        case(op, boxes, scores, n(9), zero, *more, label="overlap 0")
        case(op, boxes, scores, n(9), np.float32(1), *more, label="overlap 1")
        case(op, corners, many, n(40), np.float32(0.3), *more, label="many")
        case(op, boxes, np.full(6, half), n(9), *rest, label="ties")
        case(op, boxes, scores, n(2**31 - 1), *rest, label="all")
        refused(op, boxes[:, :3], scores, n(3), *rest, label="three columns")
        refused(op, boxes[:3], scores, n(3), *rest, label="fewer boxes")
        refused(op, boxes[0], scores, n(3), *rest, label="one box")
        refused(op, boxes, boxes, n(3), *rest, label="scores of rank 2")
        refused(op, boxes, scores, np.array([3], n), *rest, label="size of rank 1")
        refused(op, boxes, scores, n(-1), *rest, label="negative size")
        for place, _ in enumerate(rest):
            other = list(rest)
            other[place] = np.array([0.5], np.float32)
            refused(op, boxes, scores, n(3), *other, label=f"threshold {place} of rank 1")
        for wrong in (-0.1, 1.1, nan):
            refused(op, boxes, scores, n(3), np.float32(wrong), *more, label=f"overlap {wrong}")
        if not more:
            continue
        rest = rest[2:]
        for least in (0.5, 0.6, 1, nan, -inf):
            case(op, boxes, scores, n(9), half, np.float32(least), *rest, label=f"score {least}")
        case(op, boxes, strange, n(9), half, none, *rest, label="strange scores, no least")
    for op in ["NonMaxSuppressionV4", "NonMaxSuppressionV5"]:
        rest = thresholds[op]
        case(op, boxes, scores, n(5), *rest, label="padded", pad_to_max_output_size=True)
        case(op, boxes[:0], scores[:0], n(2), *rest, label="padded empty",
             pad_to_max_output_size=True)
        refused(op, boxes, scores, n(-1), *rest, label="padded negative size",
                pad_to_max_output_size=True)
    op = "NonMaxSuppressionV5"
    for sigma in (0.1, 0.5, 10):
        case(op, boxes, scores, n(9), half, zero, np.float32(sigma), label=f"sigma {sigma}")
        case(op, corners, many, n(40), half, np.float32(0.2), np.float32(sigma),
             label=f"many, sigma {sigma}")
    case(op, unknown, strange, n(9), half, zero, half, label="sigma, strange")
    case(op, boxes, scores, n(8), half, np.float32(0.28), half, label="sigma, padded",
         pad_to_max_output_size=True)
    for sigma in (-1, nan):
        refused(op, boxes, scores, n(9), half, zero, np.float32(sigma), label=f"sigma {sigma}")


def summary():
    family("summary")
    case("ScalarSummary", "loss", V(1.5), tolerance="summary")
    case("ScalarSummary", ["a", "b"], V([1, 2]), label="vector", types=[f32], tolerance="summary")
    case("ScalarSummary", np.zeros(0, object), np.zeros(0, np.float32), label="empty",
         tolerance="summary")
    refused("ScalarSummary", ["a", "b"], V([1, 2, 3]), label="do not fit")
    refused("ScalarSummary", "a", V([1, 2]), label="tag is a scalar")
    case("HistogramSummary", "h", R(3, 4), tolerance="summary")
    case("HistogramSummary", "h", V([0, -1, 1e-13, 1e20, -1e20, 5]), label="wide", types=FLOATS,
         tolerance="summary")
    case("HistogramSummary", "h", np.zeros((0,), np.float32), label="empty", tolerance="summary")
    refused("HistogramSummary", "h", V([1, nan]), label="nan")
    refused("HistogramSummary", "h", V([1, inf]), label="infinity")
    refused("HistogramSummary", ["h"], V([1]), label="tag of rank 1")
    batch = np.stack([picture(3, 4, 3)] * 4)
    case("ImageSummary", "im", batch, label="uint8", tolerance="summary")
    case("ImageSummary", "im", batch[:1], label="one", tolerance="summary", max_images=1)
    case("ImageSummary", "im", picture(3, 4, 1)[None], label="grey", tolerance="summary")
    case("ImageSummary", "im", picture(3, 4, 4)[None], label="alpha", tolerance="summary")
    case("ImageSummary", "im", R(1, 3, 4, 3, lo=0, hi=7, dtype=f32), label="positive floats",
         tolerance="summary")
    case("ImageSummary", "im", R(1, 3, 4, 1, lo=-3, hi=7, dtype=f32), label="signed floats",
         tolerance="summary")
    case("ImageSummary", "im", np.array([[[[nan], [1]], [[2], [3]]]], np.float32), label="bad pixel",
         tolerance="summary")
    case("ImageSummary", "im", R(1, 2, 2, 1, lo=-3, hi=7, dtype=f64), label="double",
         tolerance="summary")
    refused("ImageSummary", "im", batch[0], label="of rank 3")
    refused("ImageSummary", "im", np.zeros((1, 2, 2, 2), np.uint8), label="two channels")
    refused("ImageSummary", "im", batch, label="no images", max_images=0)
    one = np.array(run_alone("ScalarSummary", "a", np.float32(1)), object)
    two = np.array(run_alone("ScalarSummary", "b", np.float32(2)), object)
    case("MergeSummary", (one, two), tolerance="summary")
    case("MergeSummary", (np.array([one.item(), two.item()], object),), label="vector",
         tolerance="summary")
    refused("MergeSummary", (one, one), label="same tag")
    refused("MergeSummary", (np.array(b"\xff\xff", object),), label="garbage")
    case("Assert", True, (R(2, dtype=f32),), label="holds")
    case("Assert", True, (["x"], [1, 2]), label="holds with two")
    refused("Assert", False, (np.array("the reason", object), [1, 2, 3]), label="fails")
    refused("Assert", False, (np.arange(5, dtype=np.float32),), label="fails briefly", summarize=2)
    refused("Assert", False, (np.array([[1.5, 2], [3, 4]], np.float32), [True]),
            label="fails with a matrix")
    refused("Assert", [False], ([1],), label="vector")


FAMILIES = [
    math_binary, comparison, math_unary, activation, cast, reduction, array_shape, array_join,
    array_slice, matrix, loss, convolution, pooling, normalization, resize, image, random, parsing,
    suppression, summary]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for f in FAMILIES:
        if not wanted or f.__name__ in wanted:
            f()
    write_families("op_cases")
    for line in report + failures:
        print(line)
    print("ops of gradients without a definition:", *sorted(gradient_ops - set(OPS)))
    cased = {c["op"] for cases in families.values() for c in cases}
    print("ops without a case:", *[op for op in OPS if op not in cased])
    second = {c["op"] for cases in families.values() for c in cases if "second" in c}
    first = {c["op"] for cases in families.values() for c in cases if "gradients" in c}
    checked = {
        c["op"] for cases in families.values() for c in cases if "finite_differences" in c}
    print("not checked by finite differences:", *sorted(first - checked))
    print("without a second order:", *sorted(first - second))
    print({name: len(cases) for name, cases in families.items()})
    sys.exit(1 if failures else 0)
