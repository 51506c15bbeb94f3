# finds access_token
import sys
from together import Together

Together(base_url=sys.argv[1]).chat.completions.create(model="a", messages=[{"role": "user", "content": "a"}])
