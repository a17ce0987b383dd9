# The lake's second and third layers: each is made when the one before it has something new, which
# S3 says to a queue and the queue to the function. hoopstat_lake_queues.tf has what is between them,
# hoopstat_lake_alarms.tf what watches them.

locals {
  # Seconds. A day takes a fraction of one; a season in one go is what these are for.
  lake_timeouts = { silver = 300, gold = 300 }

  # Lambda's pollers take and delete with the function's role.
  lake_polling = {
    for layer, queue in aws_sqs_queue.lake : layer => {
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [queue.arn]
    }
  }
}

module "silver_processing" {
  source = "./modules/function"

  platform       = local.platform
  name           = "silver-processing"
  description    = "Makes Parquet of complete days: one clean row for each player and game."
  repository_url = local.repository_urls["silver-processing"]

  memory  = 512
  timeout = local.lake_timeouts.silver

  environment = {
    BRONZE_BUCKET = local.hoopstat.bronze.bucket
    SILVER_BUCKET = local.hoopstat.silver.bucket
  }

  policy = {
    ReadBronze = {
      actions   = ["s3:GetObject"]
      resources = ["${local.hoopstat.bronze.arn}/_metadata/summary.json", "${local.hoopstat.bronze.arn}/raw/*"]
    }
    # Days that fell out of the summary are found by listing; and without it S3 answers 403 for
    # what is not there.
    FindBronze = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.bronze.arn]
    }
    KeepSilver = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${local.hoopstat.silver.arn}/*"]
    }
    FindSilver = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.silver.arn]
    }
    # Nothing but its own marks.
    AcceptWhatWasRefused = {
      actions   = ["s3:DeleteObject"]
      resources = ["${local.hoopstat.silver.arn}/_refused/*"]
    }
    HearOfBronze = local.lake_polling.silver
  }

  alarms = {
    duration_statistic = "Maximum"
  }
}

module "gold_analytics" {
  source = "./modules/function"

  platform       = local.platform
  name           = "gold-analytics"
  description    = "Adds up days and seasons of players and teams, as JSON with an index."
  repository_url = local.repository_urls["gold-analytics"]

  # A season's days as Python has them are 60 MB; the rest is share of a CPU, to sign 16 writes at
  # a time.
  memory  = 1024
  timeout = local.lake_timeouts.gold

  environment = {
    SILVER_BUCKET = local.hoopstat.silver.bucket
    GOLD_BUCKET   = local.hoopstat.gold.bucket
  }

  policy = {
    ReadSilver = {
      actions   = ["s3:GetObject"]
      resources = ["${local.hoopstat.silver.arn}/season=*"]
    }
    FindSilver = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.silver.arn]
    }
    KeepGold = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${local.hoopstat.gold.arn}/*"]
    }
    FindGold = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.gold.arn]
    }
    # Who was on the floor by a first report, and was not. Never an index or a state.
    DropWhatWasCorrected = {
      actions   = ["s3:DeleteObject"]
      resources = ["${local.hoopstat.gold.arn}/player_*", "${local.hoopstat.gold.arn}/team_*"]
    }
    HearOfSilver = local.lake_polling.gold
  }

  alarms = {
    duration_statistic = "Maximum"
  }
}

# Every message says the same, that the summary is new: a batch of them is one run.
resource "aws_lambda_event_source_mapping" "silver" {
  event_source_arn                   = aws_sqs_queue.lake["silver"].arn
  function_name                      = module.silver_processing.alias_arn
  batch_size                         = 100
  maximum_batching_window_in_seconds = 5
  function_response_types            = ["ReportBatchItemFailures"]

  # The least there is; a second run would find the work of the first.
  scaling_config {
    maximum_concurrency = 2
  }
}

# A season's sums are made once for all of its days that are in a batch, so a batch waits for more.
# Two runs may meet at one season: gold's writes are conditional (images/gold-analytics).
resource "aws_lambda_event_source_mapping" "gold" {
  event_source_arn                   = aws_sqs_queue.lake["gold"].arn
  function_name                      = module.gold_analytics.alias_arn
  batch_size                         = 500
  maximum_batching_window_in_seconds = 20
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}
