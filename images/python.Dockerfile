# The one recipe: every folder under images/ becomes an image of these stages.
#
#   runtime  the base, without pip and with the standard library's bytecode   (shared by all)
#   build    uv, and what this one function needs, compiled
#   ship     runtime + dependencies + function_kit + the function             (what is pushed)
#   local    ship + the runtime interface emulator, to run by hand
#
# Named contexts: `uv` and `rie` hold one program each (docker-bake.hcl says where from).
ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS runtime
# The official slim images delete the standard library's bytecode, and a function without
# it starts two to three times slower. pip would only be an attacker's tool here.
# (/mnt is in every base: a new mount point would leave its parent's time in the layer.)
RUN --mount=type=bind,source=images,target=/mnt python3 /mnt/compile_bytecode.py --standard-library

FROM runtime AS build
ARG FUNCTION
# `uv` is a named context of docker-bake.hcl.
# hadolint ignore=DL3022
COPY --from=uv uv /usr/local/bin/uv
WORKDIR /src
ENV UV_PYTHON=/usr/local/bin/python3 UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/venv \
    UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_CACHE_DIR=/var/cache/uv
# Dependencies first: they change more rarely than code, and their layer is the big one.
COPY pyproject.toml uv.lock ./
COPY shared/function_kit/pyproject.toml shared/function_kit/
COPY shared/message_kit/pyproject.toml shared/message_kit/
COPY images/${FUNCTION}/pyproject.toml images/${FUNCTION}/
RUN --mount=type=cache,target=/var/cache/uv --mount=type=secret,id=ca_bundle \
    export SSL_CERT_FILE=/run/secrets/ca_bundle \
 && uv sync --frozen --no-dev --no-install-workspace --package "${FUNCTION}"
RUN --mount=type=bind,source=images,target=/mnt \
    python3 /mnt/collect_dependencies.py /venv /out/dependencies "images/${FUNCTION}/pyproject.toml" \
 && python3 /mnt/compile_bytecode.py /out/dependencies \
 && python3 /mnt/bundle_modules.py /out/dependencies/opt/python
COPY shared/function_kit shared/function_kit
COPY shared/message_kit shared/message_kit
COPY images/${FUNCTION} images/${FUNCTION}
RUN --mount=type=cache,target=/var/cache/uv --mount=type=secret,id=ca_bundle \
    --mount=type=bind,source=images,target=/mnt \
    export SSL_CERT_FILE=/run/secrets/ca_bundle \
 && uv sync --frozen --no-dev --no-editable --inexact --package "${FUNCTION}" \
 && python3 /mnt/collect_code.py /venv /out "${FUNCTION}" \
 && python3 /mnt/compile_bytecode.py /out/kit /out/function

FROM runtime AS ship
ENV LAMBDA_TASK_ROOT=/var/task PYTHONPATH=/var/task:/opt/python:/opt/metadata \
    PYTHONDONTWRITEBYTECODE=1
COPY --from=build /out/dependencies /
COPY --from=build /out/kit /
COPY --from=build /out/function /
WORKDIR /var/task
# Lambda runs any image as a user of its own; a number keeps that true elsewhere too.
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/python3", "-m", "awslambdaric"]
CMD ["lambda_function.handler"]

FROM ship AS local
# `rie` is a named context of docker-bake.hcl.
# hadolint ignore=DL3022
COPY --from=rie aws-lambda-rie /usr/local/bin/aws-lambda-rie
ENTRYPOINT ["/usr/local/bin/aws-lambda-rie", "/usr/local/bin/python3", "-m", "awslambdaric"]
# A new ENTRYPOINT drops the CMD of the stage below.
CMD ["lambda_function.handler"]
