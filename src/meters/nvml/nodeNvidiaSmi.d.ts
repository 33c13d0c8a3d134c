declare module "node-nvidia-smi" {
  /** The error is one of `exec`, or what nvidia-smi wrote to standard error. */
  export default function nvidiaSmi(callback: (error: Error | string | null | undefined, data: unknown) => void): void;
}
