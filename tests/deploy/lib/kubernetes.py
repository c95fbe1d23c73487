"""Validates manifests against the API's schemas and the "restricted" Pod Security Standard.

Usage: kubernetes.py MANIFEST VERSION...
"""
import sys

import kubernetes_validate
import yaml


def restricted(spec):
    """Yields what the standard requires and the pod lacks (https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""
    pod = spec.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile"
    for volume in spec["volumes"]:
        if not set(volume) & {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}:
            yield f"volume {volume['name']}"
    for container in spec["initContainers"] + spec["containers"]:
        context, name = container.get("securityContext", {}), container["name"]
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation"
        if context.get("capabilities", {}).get("drop") != ["ALL"] or "add" in context["capabilities"]:
            yield f"{name}: capabilities"
        if not (context.get("runAsNonRoot") or pod.get("runAsNonRoot")) or context.get("runAsUser") == 0:
            yield f"{name}: runAsNonRoot"
        if context.get("readOnlyRootFilesystem") is not True:
            yield f"{name}: readOnlyRootFilesystem (this project's rule)"


def ours(spec):
    """Yields violations of this project's own rules for the sidecar."""
    keeper = spec["initContainers"][0]
    if keeper.get("restartPolicy") != "Always":
        yield "not a native sidecar"
    for probe in ("startupProbe", "livenessProbe"):
        if keeper[probe]["exec"]["command"][:3] != ["/usr/local/bin/capiscio", "badge", "health"]:
            yield probe
    if any("subPath" in mount for c in spec["initContainers"] + spec["containers"] for mount in c["volumeMounts"]):
        yield "subPath"
    if not any(volume.get("emptyDir", {}).get("medium") == "Memory" for volume in spec["volumes"]):
        yield "the badge is not in memory"


manifest, *versions = sys.argv[1:]
wrong = []
with open(manifest, encoding="utf-8") as file:
    documents = list(yaml.safe_load_all(file))
for document in documents:
    for version in versions:
        try:
            used = kubernetes_validate.validate(document, version, strict=True)
            print(f"{document['kind']} against the schemas of {used}")
        except kubernetes_validate.ValidationError as error:
            wrong.append(f"{version}: {'.'.join(map(str, error.path))}: {error.message}")
    spec = document["spec"]["template"]["spec"]
    wrong += [*restricted(spec), *ours(spec)]
print("\n".join(wrong))
sys.exit(bool(wrong))
