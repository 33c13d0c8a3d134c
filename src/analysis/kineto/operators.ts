/**
 * What an operator of PyTorch computes and moves, from the shapes that its profiler recorded (`record_shapes`).
 *
 * FLOPs count two a multiply-add and only where matrices or convolutions are multiplied, as torch.utils.flop_counter
 * does; bytes are of the tensors, read and written once.
 */

export interface OperatorFacts {
  /** As a layer's class is called: `Linear`. */
  readonly type: string;
  readonly flops?: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly dtype: string;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

/** The arguments of a recorded operator, as the trace has them. */
export interface OperatorArguments {
  readonly dims: readonly unknown[];
  readonly types: readonly unknown[];
  /** Scalars and lists as text, `""` for a tensor. */
  readonly values: readonly unknown[];
}

type Shape = readonly number[];

interface Computed {
  readonly outputShape: Shape;
  readonly flops?: number;
  /** Positions of the arguments that are weights. */
  readonly weights?: readonly number[];
  readonly attributes?: OperatorFacts["attributes"];
  /** Other inputs that are read, beside the first. */
  readonly reads?: readonly number[];
}

const dtypes: Readonly<Record<string, readonly [name: string, bytes: number]>> = {
  float: ["float32", 4],
  double: ["float64", 8],
  "c10::Half": ["float16", 2],
  "c10::BFloat16": ["bfloat16", 2],
  "c10::Float8_e4m3fn": ["float8_e4m3fn", 1],
  "c10::Float8_e5m2": ["float8_e5m2", 1],
  "long int": ["int64", 8],
  long: ["int64", 8],
  int: ["int32", 4],
  "signed char": ["int8", 1],
  "unsigned char": ["uint8", 1],
  bool: ["bool", 1],
};

const product = (shape: Shape) => shape.reduce((all, one) => all * one, 1);

/** Operators whose output has the shape of their input, with the positions of their weights. */
const alike: Readonly<Record<string, readonly [type: string, weights?: readonly number[]]>> = {
  "aten::relu": ["ReLU"],
  "aten::relu_": ["ReLU"],
  "aten::gelu": ["GELU"],
  "aten::silu": ["SiLU"],
  "aten::silu_": ["SiLU"],
  "aten::hardswish": ["Hardswish"],
  "aten::sigmoid": ["Sigmoid"],
  "aten::tanh": ["Tanh"],
  "aten::softmax": ["Softmax"],
  "aten::log_softmax": ["LogSoftmax"],
  "aten::dropout": ["Dropout"],
  "aten::batch_norm": ["BatchNorm", [1, 2]],
  "aten::layer_norm": ["LayerNorm", [2, 3]],
  "aten::group_norm": ["GroupNorm", [2, 3]],
  "aten::rms_norm": ["RMSNorm", [2]],
};

const products: Readonly<
  Record<string, (shapes: readonly (Shape | undefined)[], values: readonly unknown[]) => Computed | undefined>
> = {
  "aten::linear": ([input, weight], _) => {
    if (input === undefined || weight?.length !== 2) return undefined;
    const [out, into] = weight as [number, number];
    const rows = product(input) / into;
    return { outputShape: [...input.slice(0, -1), out], flops: 2 * rows * into * out, weights: [1, 2] };
  },
  "aten::mm": ([a, b]) => matrix(a, b),
  "aten::bmm": ([a, b]) => matrix(a, b),
  "aten::matmul": ([a, b]) => matrix(a, b),
  "aten::addmm": ([, a, b]) => matrix(a, b),
  "aten::conv1d": (shapes, values) => convolution(shapes, values, 6),
  "aten::conv2d": (shapes, values) => convolution(shapes, values, 6),
  "aten::conv3d": (shapes, values) => convolution(shapes, values, 6),
  "aten::conv_transpose1d": transposed,
  "aten::conv_transpose2d": transposed,
  "aten::conv_transpose3d": transposed,
  "aten::scaled_dot_product_attention": ([query, key, value]) => {
    if (query === undefined || key === undefined || value === undefined || query.length < 3) return undefined;
    const [rows, size] = query.slice(-2) as [number, number];
    const [columns, valueSize] = [key.at(-2)!, value.at(-1)!];
    const batch = product(query.slice(0, -2));
    return {
      outputShape: [...query.slice(0, -1), valueSize],
      flops: 2 * batch * rows * columns * (size + valueSize),
      reads: [1, 2],
    };
  },
  "aten::embedding": ([weight, indices]) =>
    weight?.length === 2 && indices ? { outputShape: [...indices, weight[1]!], weights: [0] } : undefined,
};

const typeNames: Readonly<Record<string, string>> = {
  "aten::linear": "Linear",
  "aten::conv1d": "Conv1d",
  "aten::conv2d": "Conv2d",
  "aten::conv3d": "Conv3d",
  "aten::conv_transpose1d": "ConvTranspose1d",
  "aten::conv_transpose2d": "ConvTranspose2d",
  "aten::conv_transpose3d": "ConvTranspose3d",
  "aten::scaled_dot_product_attention": "Attention",
  "aten::embedding": "Embedding",
};

/** Whether something is known of operators of this name. */
export function isKnownOperator(name: string): boolean {
  return Object.hasOwn(products, name) || Object.hasOwn(alike, name);
}

/** @returns undefined where the shapes are missing or do not fit the operator */
export function operatorFacts(name: string, { dims, types, values }: OperatorArguments): OperatorFacts | undefined {
  const shapes = dims.map(shapeOf);
  const [first] = shapes;
  const computed = Object.hasOwn(products, name)
    ? products[name]!(shapes, values)
    : first && Object.hasOwn(alike, name)
      ? { outputShape: first, ...(alike[name]![1] && { weights: alike[name]![1] }) }
      : undefined;
  if (first === undefined || computed === undefined) return undefined;
  const { outputShape, flops, weights = [], attributes = {}, reads = [] } = computed;
  if (![...outputShape, flops ?? 0].every((value) => Number.isSafeInteger(value) && value >= 0)) return undefined;
  const bytesOf = (at: number) => product(shapes[at] ?? [0]) * bytesAnElement(types[at]);
  const main = weights.includes(0) ? 1 : 0;
  const weight = weights[0] ?? 0;
  const computes = weights.includes(0) ? types[weight] : types[main];
  return {
    type: typeNames[name] ?? alike[name]?.[0] ?? name.replace(/^aten::/, ""),
    ...(flops !== undefined && { flops }),
    inputBytes: [main, ...reads].reduce((sum, at) => sum + bytesOf(at), 0),
    outputBytes: product(outputShape) * bytesAnElement(computes),
    dtype: dtypes[String(computes)]?.[0] ?? "",
    parameters: weights.reduce((sum, at) => sum + product(shapes[at] ?? [0]), 0),
    weightBytes: weights.reduce((sum, at) => sum + bytesOf(at), 0),
    inputShape: shapes[main] ?? [],
    outputShape,
    attributes,
  };
}

function bytesAnElement(type: unknown): number {
  return dtypes[String(type)]?.[1] ?? 0;
}

/** Of an operator's first tensor, or the first of its first list; undefined where its shape is not known. */
export function bytesOfTensor(dims: unknown, types: unknown): number | undefined {
  if (!Array.isArray(dims) || !Array.isArray(types)) return undefined;
  const shape = shapeOf(dims[0]) ?? shapeOf(Array.isArray(dims[0]) ? dims[0][0] : undefined);
  const size = bytesAnElement(types[0]);
  return shape === undefined || size === 0 ? undefined : product(shape) * size;
}

/** undefined where it is no tensor: a scalar's list of dimensions is empty too, and then nothing is read. */
function shapeOf(value: unknown): Shape | undefined {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Number.isSafeInteger(one) && one >= 0)
    ? (value as number[])
    : undefined;
}

function matrix(a: Shape | undefined, b: Shape | undefined): Computed | undefined {
  if (a === undefined || b === undefined || a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2)) return undefined;
  const outputShape = [...(a.length >= b.length ? a : b).slice(0, -2), a.at(-2)!, b.at(-1)!];
  return { outputShape, flops: 2 * product(outputShape) * a.at(-1)!, reads: [1] };
}

/** `"[1, 1]"`, `"2"`; one number stands for all of the space. */
function numbersOf(value: unknown, space: number): number[] | undefined {
  const found = String(value ?? "")
    .match(/\d+/g)
    ?.map(Number);
  if (found === undefined) return undefined;
  return found.length === space ? found : found.length === 1 ? new Array<number>(space).fill(found[0]!) : undefined;
}

function convolution(
  shapes: readonly (Shape | undefined)[],
  values: readonly unknown[],
  groupsAt: number,
): Computed | undefined {
  const [input, weight] = shapes;
  if (input === undefined || weight === undefined || weight.length < 3) return undefined;
  const space = weight.length - 2;
  const kernel = weight.slice(2);
  const stride = numbersOf(values[3], space) ?? kernel.map(() => 1);
  const dilation = numbersOf(values[5], space) ?? kernel.map(() => 1);
  const groups = Number(values[groupsAt]) || 1;
  const same = values[4] === "same";
  const padding = numbersOf(values[4], space) ?? kernel.map(() => 0);
  const sizes = input.slice(-space);
  const output = sizes.map((size, k) =>
    same ? size : Math.floor((size + 2 * padding[k]! - dilation[k]! * (kernel[k]! - 1) - 1) / stride[k]!) + 1,
  );
  const outputShape = [...input.slice(0, -space - 1), weight[0]!, ...output];
  return {
    outputShape,
    flops: 2 * product(outputShape) * weight[1]! * product(kernel),
    weights: [1, 2],
    attributes: { kernel, stride, groups },
  };
}

/** Each input element is multiplied with each element of its kernel: the space is that of the input. */
function transposed(shapes: readonly (Shape | undefined)[], values: readonly unknown[]): Computed | undefined {
  const [input, weight] = shapes;
  if (input === undefined || weight === undefined || weight.length < 3) return undefined;
  const space = weight.length - 2;
  const kernel = weight.slice(2);
  const stride = numbersOf(values[3], space) ?? kernel.map(() => 1);
  const padding = numbersOf(values[4], space) ?? kernel.map(() => 0);
  const extra = numbersOf(values[5], space) ?? kernel.map(() => 0);
  const groups = Number(values[6]) || 1;
  const dilation = numbersOf(values[7], space) ?? kernel.map(() => 1);
  const output = input
    .slice(-space)
    .map((size, k) => (size - 1) * stride[k]! - 2 * padding[k]! + dilation[k]! * (kernel[k]! - 1) + extra[k]! + 1);
  return {
    outputShape: [...input.slice(0, -space - 1), weight[1]! * groups, ...output],
    flops: 2 * product(input) * weight[1]! * product(kernel),
    weights: [1, 2],
    attributes: { kernel, stride, groups },
  };
}
