"""The pods of an MPIJob as documents that Kubernetes' own schema knows, one a replica type."""
import sys

import yaml

for document in yaml.safe_load_all(open(sys.argv[1])):
    for name, replica in document["spec"]["mpiReplicaSpecs"].items():
        pod = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": name.lower()}, "template": replica["template"]}
        print("---")
        print(yaml.safe_dump(pod))
