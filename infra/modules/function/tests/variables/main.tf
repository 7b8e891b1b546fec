# Only the variables of the function's configuration (the other files are links to them): validations need no
# provider, whose start takes three seconds a run.

locals {
  manifest = jsondecode(file("${var.dist}/${var.function}/function.json"))
}
