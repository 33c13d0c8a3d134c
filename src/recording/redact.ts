/**
 * Command lines are kept with the run, so what looks like a secret in them is not. Rather one word too many than a
 * token on disk: the run is not told by it.
 */
const secretName =
  /(^|[-_.])(api-?key|access-?key|auth|bearer|credentials?|passw(or)?d|passwd|pwd|secret|tokens?|private-?key|key)$/i;
/** Words of the field that end like a secret's name and are none. */
const harmlessName =
  /(^|[-_.])(max|min|num|n|new|pad|eos|bos|unk|mask|special|image|sort|group|primary|foreign|public)[-_]?(new[-_]?)?(tokens?|key)$/i;
/** Well-known shapes of tokens, wherever they stand. */
const secretShape =
  /\b(hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|xox[bap]-[A-Za-z0-9-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})/g;
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi;

export const redacted = "…";

const isSecret = (name: string) => secretName.test(name) && !harmlessName.test(name);

/** The words of a command with the values of options and variables that look like secrets replaced by `…`. */
export function redactArguments(argv: readonly string[]): string[] {
  return argv.map((word, index) => {
    const assignment = /^(-{0,2}[A-Za-z_][\w.-]*)=(.*)$/s.exec(word);
    if (assignment && isSecret(assignment[1]!.replace(/^-+/, ""))) return `${assignment[1]}=${redacted}`;
    const option = /^--?([A-Za-z][\w.-]*)$/.exec(argv[index - 1] ?? "");
    if (option && isSecret(option[1]!) && !/^--?[A-Za-z]/.test(word)) return redacted;
    return word.replace(urlPassword, `$1${redacted}@`).replace(secretShape, redacted);
  });
}
