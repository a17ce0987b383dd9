# One target for each folder under images/: `docker buildx bake scheduled-digest`.
# `fleet build` sets the variables; alone, bake builds with the defaults below.

# The functions to build, comma-separated: the folders under images/.
variable "FUNCTIONS" {
  default = "api-docs-generator,bronze-ingestion,db-migrate,generate-presigned-url,gold-analytics,insert-ppu-data,lambda-action,lambda-test-runner,mcp-server,message-processor,message-scheduler,message-webapi,presigned-url-s3-upload,release-guard,scheduled-digest,silver-processing,software-event-update-handler,sync-clock,web-action"
}

# What stands before /<function>:<tag> in an image's name.
variable "REGISTRY" {
  default = "lambda-fleet"
}

# The commit SHA.
variable "TAG" {
  default = "dev"
}

# Lambda's name of the architecture: arm64 or x86_64. Terraform takes the same variable.
variable "ARCHITECTURE" {
  default = "arm64"
}

# The base of every image.
variable "BASE_IMAGE" {
  default = "public.ecr.aws/docker/library/python:3.13-slim-trixie"
}

# Folder with the programs that builds copy in: uv/uv and rie/aws-lambda-rie.
variable "CONTEXTS" {
  default = ".fleet/context"
}

# Certificate authorities that the package index is checked against during a build.
variable "CA_BUNDLE" {
  default = "/etc/ssl/certs/ca-certificates.crt"
}

group "default" {
  targets = ["ship"]
}

target "_common" {
  dockerfile = "images/python.Dockerfile"
  context    = "."
  contexts = {
    uv  = "${CONTEXTS}/uv"
    rie = "${CONTEXTS}/rie"
  }
  args = {
    BASE_IMAGE = BASE_IMAGE
    # One creation time for every build: a function that a commit did not change keeps its
    # digest, so its release has nothing to do.
    SOURCE_DATE_EPOCH = "0"
  }
  platforms = [ARCHITECTURE == "x86_64" ? "linux/amd64" : "linux/arm64"]
  secret    = ["id=ca_bundle,src=${CA_BUNDLE}"]
  # An attestation turns the manifest into an index, which Lambda rejects.
  attest = ["type=provenance,disabled=true", "type=sbom,disabled=true"]
}

# What is pushed.
target "ship" {
  inherits = ["_common"]
  name     = fn
  matrix   = { fn = split(",", FUNCTIONS) }
  target   = "ship"
  args     = { FUNCTION = fn }
  tags     = ["${REGISTRY}/${fn}:${TAG}"]
  labels   = { "org.opencontainers.image.title" = fn }
}

# The same with the runtime interface emulator, to `docker run` by hand.
target "local" {
  inherits = ["_common"]
  name     = "${fn}-local"
  matrix   = { fn = split(",", FUNCTIONS) }
  target   = "local"
  args     = { FUNCTION = fn }
  tags     = ["${REGISTRY}/${fn}:${TAG}-local"]
}
