environment  = "dev"
architecture = "x86_64"

emulator = {
  endpoint = "http://localhost:4566"
}

image_entry_point = [
  "/usr/local/bin/aws-lambda-rie",
  "/usr/local/bin/python3", "-m", "awslambdaric",
  "lambda_function.handler",
]

github = {
  repository      = "example/lambda-fleet"
  create_provider = false
}
