# What cold starts are measured against, on the same base as the fleet's images.
#   floor   our recipe with the runtime client and a handler that returns its event
#   common  a function's own code installed the common way: pip, every dependency of the
#           fleet, no bytecode compiled, and none of the standard library's, as python:slim ships
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS runtime
RUN --mount=type=bind,source=images,target=/mnt python3 /mnt/compile_bytecode.py --standard-library

FROM runtime AS build
# `uv` is a named context.
# hadolint ignore=DL3022
COPY --from=uv uv /usr/local/bin/uv
ENV UV_PYTHON=/usr/local/bin/python3 UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_CACHE_DIR=/var/cache/uv
ARG RUNTIME_CLIENT
RUN --mount=type=cache,target=/var/cache/uv --mount=type=secret,id=ca_bundle \
    --mount=type=bind,source=images,target=/mnt \
    SSL_CERT_FILE=/run/secrets/ca_bundle uv pip install --target /out/opt/python "${RUNTIME_CLIENT}" \
 && python3 /mnt/compile_bytecode.py /out

FROM runtime AS floor
ENV LAMBDA_TASK_ROOT=/var/task PYTHONPATH=/var/task:/opt/python PYTHONDONTWRITEBYTECODE=1
COPY --from=build /out /
COPY tests/performance/floor/floor_function.py /var/task/lambda_function.py
RUN --mount=type=bind,source=images,target=/mnt python3 /mnt/compile_bytecode.py /var/task
WORKDIR /var/task
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/python3", "-m", "awslambdaric"]
CMD ["lambda_function.handler"]

FROM ${BASE_IMAGE} AS common
# `uv` is a named context.
# hadolint ignore=DL3022
COPY --from=uv uv /usr/local/bin/uv
ENV UV_PYTHON=/usr/local/bin/python3 UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_CACHE_DIR=/var/cache/uv
ARG RUNTIME_CLIENT
ARG FUNCTION
COPY shared/function_kit /src/function_kit
COPY images/${FUNCTION} /src/function
RUN --mount=type=cache,target=/var/cache/uv --mount=type=secret,id=ca_bundle \
    SSL_CERT_FILE=/run/secrets/ca_bundle uv pip install --target /opt/python "${RUNTIME_CLIENT}" \
      boto3 httpx structlog pydantic-settings 'psycopg[binary]' /src/function_kit \
 && SSL_CERT_FILE=/run/secrets/ca_bundle uv pip install --target /opt/python --no-deps --no-sources /src/function \
 && find / -xdev -name '__pycache__' -path '*python3*' -prune -exec rm -rf {} +
ARG PACKAGE
WORKDIR /var/task
RUN printf 'import boto3, httpx, psycopg, pydantic_settings, structlog\nfrom %s.handler import handler\n' \
    "${PACKAGE}" >lambda_function.py
ENV PYTHONPATH=/var/task:/opt/python PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/python3", "-m", "awslambdaric"]
CMD ["lambda_function.handler"]
