# The variables of the function's configuration and nothing else (the other files are links to them): what
# refuses a value needs no provider, whose start costs a run of a test three seconds.

locals {
  manifest = jsondecode(file("${var.dist}/${var.function}/function.json"))
}
