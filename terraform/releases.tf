# The history of releases. `fleet` writes what it is about to do before the first change, and
# what became of it after, so that a release that died can be resumed and a roll back knows the
# release before without guessing.
resource "aws_dynamodb_table" "releases" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; the items are commit hashes, versions and times.
  #checkov:skip=CKV_AWS_28:Point-in-time recovery is on wherever data must last, which is by environment.
  name         = "${local.prefix}-releases"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "function"
  range_key    = "release_id"

  attribute {
    name = "function"
    type = "S"
  }

  # Sorts by time, so that the releases of a function are read newest first with one query.
  attribute {
    name = "release_id"
    type = "S"
  }

  deletion_protection_enabled = !local.disposable

  point_in_time_recovery {
    enabled = !local.disposable
  }
}
