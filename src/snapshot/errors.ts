/** Error codes of snapshots, fragments and overlays. */
import { CodedError } from "../core/index.ts";
import type { ErrorCatalogue } from "../core/index.ts";

const file = (means: string, remedy: string) =>
  ({ status: 0, fault: "caller", retry: false, means, remedy }) as const;

export const snapshotErrors = {
  SnapshotInvalid: file(
    "The file is no snapshot that this version reads.",
    "Save it again with `./linkscope snapshot save`; docs/formats/snapshot.md says what a snapshot is.",
  ),
  FragmentInvalid: file(
    "The file is no fragment of a probe.",
    "Run the script of `./linkscope probe --emit sh` again and keep its output as it is; docs/formats/probe-fragment.md has the format.",
  ),
  OverlayInvalid: file(
    "The file is no ARM template, no plan of Terraform and no fragment of a probe.",
    "Give an ARM template in JSON, the output of `terraform show -json PLANFILE`, or a probe's fragment.",
  ),
  FileTooLarge: file(
    "A file has more bytes than are read.",
    "Snapshot fewer clusters at once, or give the part of the file that matters.",
  ),
  CredentialUnavailable: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "No credential of this machine gives a token for Azure Resource Manager.",
    remedy:
      "Sign in with `az login` (or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret or certificate) and try again.",
  },
} as const satisfies ErrorCatalogue;

export type SnapshotCode = keyof typeof snapshotErrors;

export const snapshotError = (code: SnapshotCode, says: string, cause?: unknown): CodedError =>
  new CodedError(code, says, { status: 0, ...(cause === undefined ? {} : { cause }) });
