# Applied to a function's state it destroys what is there: so it must have no resources.

mock_provider "aws" {}

variables {
  account_id = "123456789012"
  region     = "eu-central-1"
}

run "it_is_valid" {
  command = plan
}

run "an_account_has_twelve_digits" {
  command = plan
  variables {
    account_id = "1234"
  }
  expect_failures = [var.account_id]
}

run "a_region_is_no_zone" {
  command = plan
  variables {
    region = "eu-central-1a"
  }
  expect_failures = [var.region]
}
