"""What the schema of Kubernetes does not know of the manifests: rules between fields, and the "restricted" security level."""
import sys

import yaml

# Exit codes that rocket documents; 0 is no failure.
CODES = {1, 3, 4, 5, 6, 7, 8, 9, 10, 64}


def pods(document):
    """The pod templates of a workload, each with the Job around it, where there is one."""
    spec = document.get("spec", {})
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if document["kind"] == "MPIJob":
        # Restart policies are the replicas', and no Job's other rules are handed on.
        return [(replica["template"]["spec"], {}) for replica in spec["mpiReplicaSpecs"].values()]
    return [(spec["template"]["spec"], spec)] if "template" in spec else []


def problems(pod, job):
    names = {container["name"] for container in pod["containers"]}
    context = pod.get("securityContext", {})
    if not context.get("runAsNonRoot") or context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "is not restricted: runAsNonRoot and seccompProfile"
    if any("hostPath" in volume for volume in pod.get("volumes", [])):
        yield "is not restricted: hostPath"
    mounted = {volume["name"] for volume in pod.get("volumes", [])}
    for container in pod["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{container['name']} is not restricted: allowPrivilegeEscalation and capabilities"
        if not own.get("readOnlyRootFilesystem"):
            yield f"{container['name']} may write to its root file system"
        if "memory" not in container.get("resources", {}).get("limits", {}):
            yield f"{container['name']} has no memory limit"
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in mounted:
                yield f"{container['name']} mounts {mount['name']}, which is not a volume"
    for rule in job.get("podFailurePolicy", {}).get("rules", []):
        if pod["restartPolicy"] != "Never":
            yield "podFailurePolicy needs restartPolicy: Never"
        if rule["action"] == "FailIndex" and "backoffLimitPerIndex" not in job:
            yield "FailIndex needs backoffLimitPerIndex"
        codes = rule.get("onExitCodes")
        if codes and (codes["containerName"] not in names or not set(codes["values"]) <= CODES):
            yield f"a rule names another container or code: {codes}"
    if "backoffLimitPerIndex" in job and job.get("completionMode") != "Indexed":
        yield "backoffLimitPerIndex needs completionMode: Indexed"


found = [
    f"{path}: {problem}"
    for path in sys.argv[1:]
    for document in yaml.safe_load_all(open(path))
    for pod, job in pods(document)
    for problem in problems(pod, job)
]
print("\n".join(found))
sys.exit(bool(found))
