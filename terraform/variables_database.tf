# What differs between environments: PostgreSQL and the network around it.

variable "network" {
  description = "The network of functions with a database: made here with these addresses, or one of yours."
  type = object({
    cidr = optional(string, "10.40.0.0/20")
    # Two zones in place of the region's first two, where one of those lacks what is needed.
    availability_zones = optional(list(string), [])
    existing = optional(object({
      vpc_id          = string
      subnet_ids      = list(string)               # private ones, in two zones or more
      route_table_ids = optional(list(string), []) # of these subnets, for gateway endpoints
      # Off where the VPC has its endpoints already; then functions need a way to them: the
      # interface endpoints' security group, and the prefix lists of S3 and DynamoDB.
      create_endpoints            = optional(bool, true)
      endpoints_security_group_id = optional(string)
      gateway_prefix_list_ids     = optional(list(string), [])
    }))
  })
  default = {}

  validation {
    condition     = can(cidrsubnet(var.network.cidr, 4, 1)) && try(tonumber(split("/", var.network.cidr)[1]) <= 24, false)
    error_message = "network.cidr must be an IPv4 range of /24 or larger, such as 10.40.0.0/20: RDS wants subnets in two zones, and Lambda addresses in each."
  }

  validation {
    condition     = contains([0, 2], length(var.network.availability_zones)) && length(distinct(var.network.availability_zones)) == length(var.network.availability_zones)
    error_message = "network.availability_zones must name two different zones, or none."
  }

  validation {
    condition     = var.network.existing == null || length(try(var.network.existing.subnet_ids, [])) >= 2
    error_message = "network.existing.subnet_ids must name private subnets in two zones or more."
  }

  validation {
    condition     = !try(var.network.existing.create_endpoints, false) || length(try(var.network.existing.route_table_ids, [])) >= 1
    error_message = "network.existing.route_table_ids must name the subnets' route tables, which the gateway endpoints for S3 and DynamoDB are entered into; or set create_endpoints to false."
  }

  validation {
    condition     = try(var.network.existing.create_endpoints, true) || (try(var.network.existing.endpoints_security_group_id, null) != null && length(try(var.network.existing.gateway_prefix_list_ids, [])) >= 1)
    error_message = "network.existing needs endpoints_security_group_id and gateway_prefix_list_ids where create_endpoints is false: functions have no other way to AWS."
  }
}

variable "database" {
  description = "The device platform's PostgreSQL: how large and how safe, or one of yours."
  type = object({
    instance_class       = optional(string, "db.t4g.micro")
    storage_gb           = optional(number, 20)
    max_storage_gb       = optional(number, 100)
    max_connections      = optional(number, 80)
    backup_days          = optional(number, 7)
    multi_az             = optional(bool) # by default in prod
    deletion_protection  = optional(bool) # by default where an environment is to last
    performance_insights = optional(bool, false)
    existing = optional(object({
      endpoint = string
      port     = optional(number, 5432)
      name     = string
      ca       = optional(string, "system") # rds, system, or a path in the function's file system
      # Where functions may connect to: the database's security group, or its addresses.
      security_group_id = optional(string)
      cidr              = optional(string)
    }))
  })
  default = {}

  validation {
    condition     = var.database.backup_days >= (var.environment == "prod" ? 7 : 1) && var.database.backup_days <= 35
    error_message = "database.backup_days must be between 1 and 35, and 7 or more in prod."
  }

  validation {
    condition     = var.database.storage_gb >= 20 && var.database.max_storage_gb >= var.database.storage_gb
    error_message = "database.storage_gb must be 20 or more, which is gp3's least, and max_storage_gb not below it."
  }

  validation {
    condition     = var.database.max_connections >= 20 && var.database.max_connections <= 5000
    error_message = "database.max_connections must be between 20 and 5000."
  }

  validation {
    condition     = var.database.existing == null || (try(var.database.existing.security_group_id, null) != null) != (try(var.database.existing.cidr, null) != null)
    error_message = "database.existing needs either security_group_id or cidr: what functions may connect to."
  }
}
