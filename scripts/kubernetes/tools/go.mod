// Here so that Go takes this folder for a module. What is required stands in a file for each minor: `go -modfile=1.34.mod …`.
module infra/scripts/kubernetes/tools

go 1.25.0
