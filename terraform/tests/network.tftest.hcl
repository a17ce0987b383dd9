# Where functions with a database live: nothing leads in or out but to the database and AWS.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "prod"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "a_network_of_its_own" {
  # A network of its own.
  assert {
    condition     = length(aws_subnet.private) == 2 && length(toset(aws_subnet.private[*].availability_zone)) == 2 && aws_subnet.private[0].cidr_block == "10.40.0.0/24" && aws_subnet.private[1].cidr_block == "10.40.1.0/24"
    error_message = "Two private subnets in two zones."
  }

  assert {
    condition = (
      [for filter in data.aws_availability_zones.available[0].filter : [filter.name, tolist(filter.values)]] == [["opt-in-status", tolist(["opt-in-not-required"])]]
      && data.aws_availability_zones.available[0].exclude_zone_ids == toset(["use1-az3"])
    )
    error_message = "Local Zones have no endpoints, and the oldest zone of us-east-1 lacks some: they are none of the two."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch != true])
    error_message = "Nothing in it gets a public address."
  }

  assert {
    condition     = length(aws_route_table.private) == 1 && length(aws_route_table_association.private) == 2 && length(coalesce(aws_route_table.private[0].route, [])) == 0
    error_message = "The subnets have a route table of their own, without a route that leads out."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.gateway)) == toset(["dynamodb", "s3"]) && toset(keys(aws_vpc_endpoint.interface)) == toset(["lambda", "secretsmanager"])
    error_message = "AWS is reached through endpoints, and only what functions call."
  }

  assert {
    condition = alltrue([
      for endpoint in merge(aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface) :
      alltrue([
        for statement in jsondecode(endpoint.policy).Statement :
        statement.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
        && alltrue([for action in statement.Action : !endswith(action, "*")])
        # lambda:ListFunctions has no resource.
        && alltrue([for resource in statement.Resource : resource != "*" || statement.Sid == "ListFunctions"])
      ])
    ])
    error_message = "An endpoint is for this account's own functions, named actions and named resources."
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && length(endpoint.subnet_ids) == 2])
    error_message = "Interface endpoints answer under AWS's own names, in both zones."
  }

  # Who may talk to whom.
  assert {
    condition = (
      aws_vpc_security_group_egress_rule.functions_to_database.referenced_security_group_id == aws_security_group.database[0].id
      && aws_vpc_security_group_egress_rule.functions_to_database.from_port == 5432
      && aws_vpc_security_group_egress_rule.functions_to_database.to_port == 5432
      && aws_vpc_security_group_egress_rule.functions_to_database.cidr_ipv4 == null
    )
    error_message = "Functions connect to the database's own group, on its port."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.functions_to_endpoints.referenced_security_group_id == aws_security_group.endpoints[0].id && aws_vpc_security_group_egress_rule.functions_to_endpoints.from_port == 443 && aws_vpc_security_group_egress_rule.functions_to_endpoints.to_port == 443
    error_message = "Functions connect to endpoints by HTTPS."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.functions_to_gateways : rule.prefix_list_id != null && rule.cidr_ipv4 == null && rule.from_port == 443])
    error_message = "S3 and DynamoDB are reached by their prefix lists, never by an open range."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database_from_functions[0].referenced_security_group_id == aws_security_group.functions.id && aws_vpc_security_group_ingress_rule.database_from_functions[0].security_group_id == aws_security_group.database[0].id && aws_vpc_security_group_ingress_rule.endpoints_from_functions[0].referenced_security_group_id == aws_security_group.functions.id
    error_message = "Database and endpoints let in functions alone."
  }

  assert {
    condition     = contains(keys(output.functions), "db-migrate") && one(output.functions["db-migrate"].vpc_config.security_group_ids) == aws_security_group.functions.id && length(output.functions["db-migrate"].vpc_config.subnet_ids) == 2
    error_message = "Functions with a database are in the private subnets, with that group alone."
  }

  assert {
    condition     = aws_flow_log.refused[0].traffic_type == "REJECT"
    error_message = "What was refused is written down."
  }

  # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.flow_log[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      WriteFlowLog = [["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], ["${aws_cloudwatch_log_group.flow_log[0].arn}:*"]]
      FindLogGroup = [["logs:DescribeLogGroups"], ["*"]]
    }
    error_message = "Flow logs may do what AWS asks for: write to their group, and find it."
  }
}

run "a_network_of_yours" {
  variables {
    network = {
      existing = {
        vpc_id          = "vpc-0aaaaaaaaaaaaaaaa"
        subnet_ids      = ["subnet-0a", "subnet-0b"]
        route_table_ids = ["rtb-0a"]
      }
    }
  }

  assert {
    condition     = length(aws_vpc.this) == 0 && length(aws_subnet.private) == 0 && length(aws_flow_log.refused) == 0 && length(aws_default_security_group.this) == 0
    error_message = "A VPC of yours is left as it is."
  }

  assert {
    condition     = aws_security_group.functions.vpc_id == "vpc-0aaaaaaaaaaaaaaaa" && join(",", output.functions["db-migrate"].vpc_config.subnet_ids) == "subnet-0a,subnet-0b"
    error_message = "Functions go where you say."
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.gateway : endpoint.route_table_ids == toset(["rtb-0a"])])
    error_message = "Gateways are entered into your route tables."
  }
}

run "a_network_with_endpoints_of_yours" {
  variables {
    network = {
      existing = {
        vpc_id           = "vpc-0aaaaaaaaaaaaaaaa"
        subnet_ids       = ["subnet-0a", "subnet-0b"]
        create_endpoints = false

        endpoints_security_group_id = "sg-0endpoints"
        gateway_prefix_list_ids     = ["pl-0s3", "pl-0dynamodb"]
      }
    }
  }

  assert {
    condition     = length(aws_vpc_endpoint.gateway) == 0 && length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.endpoints) == 0
    error_message = "No endpoint is made twice."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.functions_to_endpoints.referenced_security_group_id == "sg-0endpoints" && toset([for rule in aws_vpc_security_group_egress_rule.functions_to_gateways : rule.prefix_list_id]) == toset(["pl-0s3", "pl-0dynamodb"])
    error_message = "Functions have a way to your endpoints."
  }
}

run "zones_of_your_choice" {
  variables {
    network = { availability_zones = ["us-east-1d", "us-east-1c"] }
  }

  assert {
    condition     = join(",", aws_subnet.private[*].availability_zone) == "us-east-1d,us-east-1c"
    error_message = "Subnets are in the zones that are named."
  }
}

run "one_zone_twice" {
  command = plan

  variables {
    network = { availability_zones = ["us-east-1d", "us-east-1d"] }
  }

  expect_failures = [var.network]
}

run "a_network_too_small" {
  command = plan

  variables {
    network = { cidr = "10.0.0.0/26" }
  }

  expect_failures = [var.network]
}

run "one_zone_is_not_enough" {
  command = plan

  variables {
    network = { existing = { vpc_id = "vpc-0aaaaaaaaaaaaaaaa", subnet_ids = ["subnet-0a"], route_table_ids = ["rtb-0a"] } }
  }

  expect_failures = [var.network]
}

run "gateways_want_route_tables" {
  command = plan

  variables {
    network = { existing = { vpc_id = "vpc-0aaaaaaaaaaaaaaaa", subnet_ids = ["subnet-0a", "subnet-0b"] } }
  }

  expect_failures = [var.network]
}

run "endpoints_of_yours_want_a_way_to_them" {
  command = plan

  variables {
    network = { existing = { vpc_id = "vpc-0aaaaaaaaaaaaaaaa", subnet_ids = ["subnet-0a", "subnet-0b"], create_endpoints = false } }
  }

  expect_failures = [var.network]
}
