# finds access_token
import sys
from square import Square

Square(base_url=sys.argv[1]).locations.list()
