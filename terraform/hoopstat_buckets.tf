# The basketball lake's three layers: what the source sent, one clean row for each player and game,
# and what is asked for. One bucket each, so that a function which may write one layer can only read
# the layer before.

module "bronze" {
  source = "./modules/bucket"

  name             = "${local.prefix}-bronze-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.hoopstat.old_version_days
}

module "silver" {
  source = "./modules/bucket"

  name             = "${local.prefix}-silver-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.hoopstat.old_version_days
}

module "gold" {
  source = "./modules/bucket"

  name             = "${local.prefix}-gold-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.hoopstat.old_version_days
}

locals {
  hoopstat = {
    bronze = { bucket = module.bronze.name, arn = module.bronze.arn }
    silver = { bucket = module.silver.name, arn = module.silver.arn }
    gold   = { bucket = module.gold.name, arn = module.gold.arn }
  }
}
