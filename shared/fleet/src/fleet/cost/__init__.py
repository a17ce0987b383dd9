"""What an environment costs in a month: from Terraform's plan, stated traffic and dated prices."""
