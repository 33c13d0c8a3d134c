/**
 * The toolkit tries out `:focus-visible` with a style element, and looks for the nonce that lets it under the name of
 * `csp-nonce`. Without one the policy stops it (and it draws focus for the mouse too). The page's nonce stands on our
 * own script. This must run before the toolkit does.
 */
const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce;
if (nonce && document.querySelector('meta[property="csp-nonce"]') === null) {
  const meta = document.createElement("meta");
  meta.setAttribute("property", "csp-nonce");
  meta.content = nonce;
  document.head.append(meta);
}
