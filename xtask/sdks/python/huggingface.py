# finds access_token=hf_*
import sys
from huggingface_hub import HfApi

HfApi(endpoint=sys.argv[1]).whoami()
