"""The small world of the everyday questions: who is in it, what goes with what, and how it is asked.

A table has one row a line: `tags > right answers > subjects`, alternatives separated by ` | `; an indented line goes on with
the one before. The answers of two rows that share a tag may both be right for a subject of either, so neither is ever a wrong
choice for the other; `-` stands for no tag. In texts, `{n}` is a person and `{he}`, `{him}`, `{his}` stand for that person. A
list of wordings (a new line separates them, too) has `{x}` where the subject goes; its last one or two are never trained on.
"""

from __future__ import annotations

MEN = "Ben David Felix Hugo Jack Leo Noah Paul Sam Tom Victor Adam Max Omar Peter Simon Luis Ravi Ali Mark Henry Oscar".split()
WOMEN = "Anna Clara Emma Grace Ivy Kate Mia Olga Rosa Tara Uma Wendy Zoe Lily Nina Ruth Sara Maria Ella Julia Jane Eva".split()
OTHERS = (
    ("a boy", "he", "him", "his"),
    ("a girl", "she", "her", "her"),
    ("a man", "he", "him", "his"),
    ("a woman", "she", "her", "her"),
    ("my uncle", "he", "him", "his"),
    ("my aunt", "she", "her", "her"),
    ("my brother", "he", "him", "his"),
    ("my sister", "she", "her", "her"),
    ("the old man", "he", "him", "his"),
    ("our neighbor", "she", "her", "her"),
    ("a young father", "he", "him", "his"),
    ("my grandmother", "she", "her", "her"),
)

OPENERS = """
Think of everyday life. | Use your common sense. | Here is an easy one. | A small question about daily life: | Think about it.
{m} asks you this. | A question from {m}: | {m} wants to know this. | One more question. | Picture this. | Quick question:
"""
CONTEXTS = """
After dinner {m} and a friend played a game with little questions about everyday life, and this one came up.
{m} teaches a class of young children and likes to ask them simple things about the world around them.
It was a quiet afternoon, the radio was on, and {m} had time to think about small things like the next one.
On the way home from school {m} and a cousin took turns asking each other easy questions.
The following story is short, and it happened on a normal day in a small town not far from here.
{m} is learning English and reads a page of simple questions every evening before going to bed.
In a magazine at the hair salon {m} found a page of puzzles for the whole family, and one of them went like this.
A new robot has to learn how people live, so {m} tells it about ordinary things and then asks it a question.
Last weekend {m} visited the grandparents, and they talked for a long time about all kinds of ordinary things.
Not everything needs a long talk or a clever trick, and this one should be clear to anybody who lives among other people.
{m} keeps a small notebook with questions that every child should be able to answer, and this is one of them.
"""

# --- where things are ---------------------------------------------------------------------------------------------------------
KEPT = """
kitchen > in the kitchen drawer > a fork | a can opener | a wooden spoon | a potato peeler | a bread knife | a corkscrew
kitchen > in the kitchen cupboard > a frying pan | a soup bowl | a dinner plate | a tea cup | rice | flour | noodles | sugar
cold > in the fridge > butter | cheese | yogurt | cream | raw meat | leftover soup | an open jar of sauce
cold > in the freezer | in the freezer box > frozen peas | ice for drinks | frozen pizza | a tub of ice cream
bath > in the bathroom | in the bathroom cabinet > shampoo | a bar of soap | toilet paper | a razor | toothpaste
  | a new toothbrush
bath > in the medicine cabinet > cough syrup | bandages | pain pills | an old fever thermometer
shed > in the toolbox > a hammer | a screwdriver | a wrench | a box of nails | pliers
shed > in the garden shed > a rake | a shovel | a lawn mower | a watering can | a wheelbarrow
shed > in the garage > a family car | a spare tire | a long ladder | a can of motor oil
bedroom > in the closet > a winter coat | a dress | a dark suit | a clean shirt
bedroom > in a dresser drawer > clean socks | underwear | pajamas | a folded sweater
bedroom > on the bed > a pillow | a blanket | a bed sheet
bedroom > in the toy box > a doll | toy cars | building blocks | a toy train
school > in a school bag > a pencil case | a ruler | an eraser | homework | a math book
pocket > in a wallet > a bank card | paper money | a driving license
living > on the bookshelf > a thick novel | an atlas | a dictionary | a book of poems
living > in the living room > a sofa | a television | an armchair
"""
KEPT_W = """
Where do people keep {x}? | Where would you look for {x} first? | What is the right place for {x}?
Where should {n} put {x} when cleaning up? | {n} needs {x}. Where should {he} look? | To find {x}, where do you look?
In which place would a family store {x}? | {n} wants to put away {x}. Where?
Tell me where {x} should go after the shopping trip.
{n} is looking for {x} and has no idea where to start. Which place should {he} try before all others?
Where in a house will {n} find {x}? | A guest asks for {x}. Where do you go?
{n} has just moved into a new home and unpacks {x}. Where will {he} most likely put that?
Suppose you had to find {x} in the dark. Where would you reach? | Where can one usually expect {x} in a tidy home?
"""
FOUND = """
wild > in the forest > a bear | a fox | a deer | a squirrel | wild mushrooms | an owl | a wolf
wild > in the jungle > a tiger | a wild parrot | a monkey | thick green vines
sea > in the sea > a whale | a shark | a dolphin | an octopus | a coral reef
sea > at the beach > a sand castle | sea shells | a lifeguard
farm > on a farm > a cow | a pig | hens | a tractor | a goat | a barn full of hay
desert > in the desert > a camel | a cactus | sand dunes
pond > in a pond > a frog | a duck | tadpoles | water lilies
sick > in a hospital > a nurse | a surgeon | many sick people | a patient in bed
travel > at the airport > a jet plane | a pilot | a long runway
travel > at a train station > a platform | a train conductor | railway tracks
learn > in a classroom > a blackboard | a teacher | rows of school desks
learn > in a library > a librarian | long shelves full of books
sky > in the sky > clouds | the stars | a rainbow | the moon
- > at a gas station > a gas pump | drivers filling up their cars
- > in a museum > very old paintings | the bones of a dinosaur | an ancient statue
eat > in a restaurant > a waiter | a menu | tables with hungry guests
eat > in a bakery > fresh rolls | a baker | trays of warm bread
play > on a playground > a slide | a seesaw | swings
show > in a theater > a stage | actors | a red curtain and rows of seats
show > in a circus > a clown | an acrobat | a lion tamer
church > in a church > a priest | an altar | a choir singing hymns
- > in a factory > big machines | a worker at an assembly line
- > in a parking lot > many parked cars | parking spaces
"""
FOUND_W = """
Where are you most likely to see {x}? | Where can you find {x}? | {n} took a photo of {x}. Where was {he}?
In what kind of place would you expect {x}? | To see {x}, where must you go? | Where might {n} come across {x}?
A child drew {x}. Where could the picture take place? | {n} saw {x} today. Where did {he} spend the day?
Which is a good place for seeing {x}? | If you want to look at {x}, where should you go?
In a film we see {x} for a moment. Where does this part of the film most likely play? | Where would it be normal to meet {x}?
{n} tells a friend about {x}. Where has {he} been?
"""
INSIDE_W = """
What would you find {x}? | Name something you might see {x}. | {n} looks around {x}. What will {he} see? | What is often {x}?
Guess what {n} found {x}. | Which thing would nobody be surprised to find {x}? | There is something {x}. What could it be?
What belongs {x}? | Tell me one thing that is usually {x}. | What can be seen {x}?
"""

# --- what things are for ------------------------------------------------------------------------------------------------------
TOOL = """
nail > a hammer > hit a nail | drive nails into a board | put up a picture | fix a picture frame to the wall
screw > a screwdriver > turn a screw | tighten a loose screw
screw > a wrench > loosen a bolt | turn a tight nut
saw > a saw > cut a board in two | cut through a branch
saw,cut > scissors > cut paper | cut out a paper star | trim a ribbon
- > a needle and thread > sew on a button | close a hole in a sock
floor,dig > a broom > sweep the floor | sweep up crumbs
floor > a mop > clean a tile floor with water | mop up a puddle
floor > a vacuum cleaner > clean the carpet | suck up dust
sponge,floor > a sponge > scrub the dishes | wipe the sink
dry,sponge > a towel > dry off after a bath | dry wet hands
- > an iron > press a shirt | smooth a wrinkled dress
- > a washing machine > wash a pile of dirty clothes | wash the bed sheets
- > a toothbrush > brush the teeth | clean the teeth before bed
- > a comb > comb messy hair | make the hair neat
sponge > soap > wash off germs | wash greasy hands
cut > a razor > shave a beard | shave the chin
spoon > a fork > eat noodles | pick up a piece of meat
cut > a kitchen knife > slice bread | chop an onion | cut a carrot
spoon > a spoon > stir the tea | eat yogurt from a cup | eat soup | eat warm porridge
- > a can opener > open a can of beans | open a can of tuna
heat > a kettle > boil water for tea
heat > an oven > bake a cake | roast a chicken
heat > a frying pan > fry an egg | make pancakes
heat > a toaster > toast a slice of bread
- > a blender > make a smoothie | mix fruit into a drink
- > a fridge > keep food cold | keep the milk fresh
write,draw > a pencil > write a short note | draw a picture
- > an eraser > remove a pencil mark | rub out a wrong letter
draw > a ruler > draw a straight line | measure a short line
stick > glue > stick two pieces of paper together | fix a broken cup
stick > tape > close a cardboard box
write > a calculator > add up large numbers | work out a hard sum
word > a dictionary > look up a hard word | check how a word is spelled
way > a map > find the way in a new city | plan a hike
way > a compass > find north | know which way is west
time > an alarm clock > wake up at six
time > a watch > see what time it is | know how late it is
time > a calendar > check the date | plan the month
look > a camera > take a picture | keep a picture of the trip
look > a telescope > look at the stars | see the moon up close
look > a microscope > see tiny cells | look at very tiny things
look > glasses > read small print with weak eyes | see better with bad eyes
light > a flashlight > see in a dark cellar | walk through the woods at night
light > a lamp > light up a room in the evening
fire,light > matches > light a candle | start a camp fire
talk,light,write,time,look,way,word > a phone > call a friend | talk to someone far away
talk,write,word,time > a computer > write a long report | surf the internet
lock > a key > unlock the door | open a locked box
lock > a lock > keep a bike safe from thieves | keep a gate shut
up > a ladder > reach the roof | get up to a high shelf
- > a rope > tie a boat to the dock | pull a sled
dig > a shovel > dig a hole | clear snow off the path
dig > a rake > gather fallen leaves | make a pile of leaves
pour > a watering can > water the flowers | give the plants a drink
dig > a lawn mower > cut the grass | keep the lawn short
dig,bag > a wheelbarrow > move a pile of dirt | carry stones across the garden
sun > an umbrella > stay dry on a walk in the rain
sun > sunglasses > protect the eyes from bright light
sun > sunscreen > protect the skin from the sun
warm > gloves > keep the hands warm | protect the hands from thorns
warm > a scarf > keep the neck warm
warm,camp > a blanket > stay warm in bed | cover up on a cold night
ride > a bicycle > ride to school on two wheels
water > a boat > cross a lake
- > a plane > fly across the ocean | travel to a far country in a day
ride,bag > a truck > move heavy furniture to a new house | carry a load of sand
safe > a helmet > protect the head on a bike
water > a life jacket > stay safe on a boat | stay above the water without swimming
- > a thermometer > check for a fever | measure how warm it is
- > a scale > weigh a bag of flour | find out how heavy something is
- > a bandage > cover a small cut | protect a wound
bag > a backpack > carry books to school | carry food on a hike
bag > a suitcase > pack clothes for a trip
bag > a basket > gather apples | carry eggs from the hen house
bag,pour > a bucket > carry water from the well
fish > a fishing rod > catch a trout | catch fish in a river
camp > a tent > sleep outside on a camping trip
- > a pump > fill a flat tire with air | blow up an air bed
cool > a fan > cool a hot room | move the air on a hot day
warm > a heater > warm up a cold room
- > a pillow > rest the head at night
sun > curtains > keep the sun out of the bedroom | cover a window
- > a mirror > look at {his} own face | check {his} hair
draw > a paint brush > paint a wall | paint a fence
dry > a tissue > blow {his} nose | wipe a runny nose
- > a magnet > pick up iron nails | pull a steel pin out of the sand
- > a racket > play tennis
- > a drum > beat a rhythm | make a loud beat
"""
TOOL_W = """
What do you use to {x}? | Which thing helps you to {x}? | {n} wants to {x}. What does {he} need? | To {x}, people use what?
What would {n} pick up to {x}? | Which item is made to {x}? | {n} has to {x} today. What should {he} take out?
With what can you {x}? | What is the best thing to {x} with? | My little brother is going to {x}. What should I hand him?
Someone is about to {x}. Which object will that person need? | If I had to {x}, what would I look for?
It is Saturday, and {n} finally has time to {x}. What will {he} get before starting? | What is used in order to {x}?
What might {n} ask for when {he} must {x}? | Which of these is useful if you plan to {x}?
"""
USE_W = """
What {is} {x} for? | Why do people use {x}? | Why would {n} get {x}? | What can you use {x} for?
{n} just bought {x}. What is {he} likely to do? | {n} asks for {x}. What does {he} want to do?
For what purpose do people buy {x}? | What is the use of {x}? | {n} went to get {x}. What is {his} plan?
Why do most homes have {x}? | What would {x} help you to do? | Someone is busy with {x}. What is this person trying to do?
What job {is} {x} made for? | For which task would {n} borrow {x}?
"""
GO = """
books,learn > the library > borrow a book | study in a quiet room
show > the cinema > see a new film | watch a movie on a big screen
show > the theater > watch a play | see actors on a stage
sport > the swimming pool > swim some laps | learn to dive
park > the zoo > see lions and elephants | look at animals from far away lands
post > the post office > buy stamps | send a package
fly > the airport > catch a plane | fly to another country
ill > the hospital > have an operation | get help for a broken arm
- > the hair salon > get a haircut | have the hair cut short
- > the bank > open an account | ask for a loan
sport,mountain > the mountains > go skiing | climb a high peak
learn > the museum > see old paintings | learn about life long ago
sport > the gym > lift weights | train on a machine
park,mountain > the park > have a picnic on the grass | feed the ducks
food > the bakery > buy fresh bread | buy a loaf and some rolls
food > the butcher shop > buy sausages | buy fresh meat
ill > the pharmacy > buy medicine | buy cough drops
books > the bookstore > buy a novel | buy a book as a gift
- > the shoe store > buy new boots | try on sandals
- > the hardware store > buy nails and paint | buy a new hammer
car > the gas station > fill up the car | get fuel
toys,books > the toy store > buy a doll | buy a puzzle for a child
- > the flower shop > buy roses | get a bunch of tulips
train > the train station > catch a train | buy a train ticket
food > the restaurant > order a nice dinner | eat out with friends
- > the beach > build a sand castle | swim in the sea
car > the garage > have the brakes checked | have a car repaired
pet > the pet store > buy a hamster | buy food for a parrot
- > the furniture store > buy a new sofa | look for a bigger table
"""
GO_W = """
Where do you go to {x}? | {n} wants to {x}. Where does {he} go? | Which place is right if you want to {x}? | Where can you {x}?
Name the place where people {x}. | {n} would like to {x} this afternoon. Which place should {he} visit?
To {x}, you go to what place? | In town, where could a person {x}? | {n} left the house to {x}. Where is {he} going?
My friend plans to {x} tomorrow and asks me for the way. Which place does my friend mean? | What is the best place to {x}?
Where will {n} be if {he} goes out to {x}? | If someone needs to {x}, which place would help?
"""
VISIT_W = """
Why do people go to {x}? | What can you do on a trip to {x}? | {n} is on {his} way to {x}. Why?
What do people want when they go to {x}? | {n} goes to {x} this morning. What does {he} plan to do?
For what reason would someone visit {x}? | {n} asks how to get to {x}. What does {he} want to do there?
{n} comes back from {x}. What did {he} want there? | Why would you need {x}? | What brings a person to {x}?
What is a good reason for a trip to {x}?
"""
NEED = """
swim > a swimsuit > jump into the pool | go swimming | take a swimming lesson
- > hiking boots > climb a mountain | walk on rocky paths all day
snow > skis > race down a snowy hill | go skiing
travel > a passport > travel abroad | cross the border
- > a bus ticket > ride the bus
swim > a beach towel > lie on the sand | dry off at the beach
snow > a sled > slide down a snowy slope
grow > water > keep the flowers alive | save a dry plant | bring a brown lawn back to life
cook > eggs > make an omelet
cook > flour and sugar > bake cookies
cook > lemons > make lemonade
cook > potatoes > make french fries
grow > seeds > grow tomatoes | plant a garden
fire > dry wood > build a camp fire | heat the old stove
- > a stamp > mail a letter
- > a stage costume > act in a play | dress up for the carnival
- > a chess board > play chess
- > a soccer ball > play soccer | score a goal
- > yarn > knit a scarf
- > a microphone > sing to a large crowd | speak to a full hall
- > candles > decorate a dinner table | have light when the power fails
- > a tank of gas > drive a long way
- > a violin > play in an orchestra
cook > milk > make hot cocoa | make cheese
- > bricks > build a house wall
- > paper > fold a paper plane | make a paper boat
- > a saddle > ride a horse
- > wrapping paper > hide what a gift is
- > a wedding ring > get married
"""
NEED_W = """
What must {n} have in order to {x}? | If you want to {x}, what must not be missing? | {n} is going to {x}. What must {he} bring?
Before you {x}, what do you have to get? | What should be on the list of a person who wants to {x}?
Nobody can {x} without what? | What will {n} have to buy or borrow to {x}? | {n} hopes to {x} one day. What will {he} need?
{n} promised to {x} with {his} children. What should {he} have ready? | What do you need most to {x}?
To {x}, one thing is important. Which one? | What would you get ready the day before you {x}?
"""

# --- what things are ----------------------------------------------------------------------------------------------------------
MADE = """
wood > wood > a log cabin | a match | a tree house | a tree trunk
metal > metal > a key | a nail | a coin | a frying pan | a church bell | an anchor | a car engine | a needle
plastic > glass > a window pane | a mirror | a light bulb | a fish tank | a wine bottle
wood > paper > a newspaper | a map | an envelope | a book page | a train ticket
cloth > cloth > a shirt | a curtain | a bed sheet | a flag | a dress
cloth > wool > a warm sweater | a thick scarf | a winter hat | mittens
plastic > plastic > a shampoo bottle | a bank card | a garden hose | a trash bag
plastic > rubber > a car tire | a balloon | rain boots | an eraser
stone > stone > a castle wall | an old statue | a mountain | a grave marker
cloth > leather > a belt | a wallet | a saddle | cowboy boots
food > flour > bread | a cake | noodles | pizza crust | cookies
food > milk > cheese | butter | yogurt | whipped cream
food > water > ice | snow | rain | steam | a puddle
food > fruit > jam | a smoothie | apple juice
wax > wax > a candle | a crayon
metal > gold > a wedding ring | a king's crown
"""
MADE_W = """
What {is} {x} made of? | What do people make {x} from? | Which material {is} {x} made of? | What goes into {x} when it is made?
To make {x}, what do you need most? | What stuff makes up {x}? | Of what {is} {x} mostly made?
{n} wants to make {x}. What material should {he} get? | A child asks what {x} {is} made of. What do you say?
What {does} {x} consist of? | Name the main thing that goes into {x}.
"""
CATEGORY = """
food > a fruit > an apple | a banana | a pear | a cherry | a plum | a peach | an orange | a grape
food > a vegetable > a carrot | an onion | a cabbage | a leek | spinach | broccoli
- > a tool > a hammer | a saw | a wrench | a drill | a screwdriver
- > a bird > an owl | an eagle | a crow | a swan | a parrot | a robin | a goose
- > a fish > a salmon | a tuna | a trout | a cod | a herring
- > an insect > a bee | an ant | a fly | a beetle | a mosquito | a wasp
- > a vehicle > a bus | a truck | a van | a tram | a taxi | a motorcycle
- > a piece of furniture > a sofa | a wardrobe | a bookshelf | an armchair | a desk | a bunk bed
- > an instrument > a piano | a violin | a flute | a guitar | a trumpet
- > a piece of clothing > a skirt | a coat | jeans | a sweater | a shirt | socks
plant > a flower > a rose | a tulip | a daisy | a lily | a sunflower
plant > a tree > an oak | a pine | a birch | a maple
- > a drink > tea | coffee | lemonade | apple juice | cocoa
- > a sport > tennis | soccer | hockey | basketball | golf
- > a job > a baker | a nurse | a farmer | a plumber | a tailor
- > a toy > a doll | a teddy bear | a yo-yo | a kite
- > a color > red | blue | green | purple | pink
- > a season > winter | spring | summer | autumn
- > a building > a house | a church | a castle | a skyscraper
- > a body part > an elbow | a knee | a thumb | a shoulder | the chin
"""
CATEGORY_W = """
What kind of thing {is} {x}? | What {is} {x}? | {x}: what is that? | To which group {does} {x} belong?
What would you call {x} in general? | {n} does not know what {x} {is}. How would you explain it?
How can we describe {x} in a word or two? | In a box of word cards, {n} reads "{x}". Which label fits? | Of what kind {is} {x}?
{n} says: {x}. What does {he} name? | Which word describes what {x} {is}? | {x} {is} an example of what?
"""
NAME_W = """
Name {x}. | Can you give an example of {x}? | Which of these is {x}? | Think of {x}. Which one?
{n} draws {x}. What could it be? | What do you know that is {x}? | Give me the name of {x}.
{n} needs the name of {x} for a game. What can {he} say? | I am thinking of {x}. What could I mean?
Say the name of {x}, please. | What would count as {x}?
"""
COLOR = """
mono > white > snow | milk | a swan | a polar bear
- > green > fresh grass | a frog | spinach | a pine tree | a mix of yellow and blue paint
- > yellow > a ripe banana | a lemon | a baby chick
- > red > blood | a ripe tomato | a fire truck | a strawberry
mono > black > coal | a crow | the sky at midnight
blue > blue > the sky on a clear day | the deep ocean
- > orange > a carrot | a pumpkin | a mix of red and yellow paint
- > brown > chocolate | a tree trunk | coffee beans | dry dirt
mono > gray > an elephant | a rain cloud | a mix of black and white paint | ash
- > pink > a pig | a flamingo | a mix of red and white paint
blue > purple > a mix of red and blue paint | a ripe plum
"""
COLOR_W = """
What color {is} {x}? | Which color fits {x} best? | {n} paints {x}. Which color should {he} use?
If you think of {x}, what color do you see? | What is the usual color of {x}?
{n} has a box of crayons and wants to draw {x}. Which one does {he} pick? | What {does} {x} look like in color?
Which color would a child choose for {x}? | In a picture book, what color {does} {x} have?
"""
# Each list of things that a property holds for: `rivals > phrases > things`, the first word of a row being its own name.
WHICH = """
heavy: light > is very heavy | is too heavy for one person to lift | needs two strong men to carry it > a piano | an elephant
  | a truck | a big sofa | a washing machine
light: heavy > weighs almost nothing | is very light | can be blown away by a breath > a feather | a dry leaf | a tissue
  | a soap bubble
sharp: soft > is sharp | can cut your finger | must be kept away from babies because of its edge > a razor | a bread knife
  | broken glass | a saw
soft: sharp tough > is soft | feels nice to lie on | is good to hug > a pillow | a blanket | a teddy bear | a warm sweater
hot: cold > is very hot | can burn your skin | should not be touched without gloves because of the heat > boiling water
  | a lit stove | fire | steam
cold: hot > is very cold | makes your hands freeze | feels icy > ice | snow | a frozen lake | an ice pop
sweet: salty sour > tastes sweet | has a lot of sugar in it | would please a child with a sweet tooth > honey | candy | jam
  | chocolate cake
salty: sweet sour > tastes salty | has a lot of salt in it > sea water | potato chips | salted nuts
sour: sweet salty > tastes sour | makes you pull a face because it is so sour > a lemon | vinegar
loud: quiet > is very loud | hurts the ears | can wake a sleeping town > thunder | a siren | a jet plane | a rock band
quiet: loud > makes almost no sound | is very quiet > a snail | falling snow | a butterfly | a sleeping cat
fast: slow > moves very fast | is faster than a bicycle > a race car | a jet plane | a rocket | a running cheetah
slow: fast > moves very slowly | needs a long time for a short way > a snail | a turtle | a slug
spoils: keeps > goes bad fast in warm weather | must be kept cold | should be eaten soon > raw fish | raw meat | fresh milk
  | cut fruit
keeps: spoils > can be kept for a year | does not go bad on the shelf | needs no fridge > dry beans | sugar | flour
  | canned soup
breaks: tough soft > breaks easily | must be packed with care | needs soft paper around it when you move > a wine glass
  | an egg | a mirror | a thin vase
tough: breaks > is hard to break | will not break when it falls > a hammer | a stone | an iron bar | a brick
pocket: heavy > fits into a small pocket | is small enough to hide in your hand | can get lost in a purse > a coin | a key
  | a ring | a pen
floats: sinks > floats on water | stays on top of the lake | does not sink > a cork | a wooden stick | a leaf | a rubber duck
sinks: floats > sinks in water | goes down to the bottom of a pond | does not float > a stone | a coin | an iron nail
  | an anchor
burns: wet > burns easily | catches fire quickly | should be kept far from a flame > dry leaves | old newspapers | straw
  | a paper bag
wet: burns > does not burn | will not catch fire > a stone | wet sand | water | a brick
alive: tough pocket > is alive | needs food and water to live | grows > a puppy | a young tree | a child | a kitten
flies: slow heavy > can fly | has wings > a bee | an eagle | a butterfly | a bat
wheels: soft pocket flies > has wheels | rolls along the road > a bus | a bicycle | a truck | a shopping cart
nice: smelly > smells nice | has a pleasant smell > a rose | perfume | fresh bread | a clean baby
smelly: nice > smells bad | makes you hold your nose > old fish | trash | dirty socks | rotten eggs
dear: cheap > costs a lot of money | is very expensive | can be bought only by the rich > a diamond ring | a castle
  | a sports car | a yacht
cheap: dear > is cheap | costs very little | can be paid with a few coins > a pencil | a button | a stamp | chewing gum
plug: soft pocket > needs electricity | has a plug | does not work when the power is out > a toaster | a television
  | a vacuum cleaner | a fridge
"""
WHICH_W = """
Which of these {x}? | What {x}? | Name something that {x}. | Think of a thing that {x}.
{n} looks for something that {x}. What could it be? | Which one {x}? | Can you name a thing that {x}?
In a game {n} must name something that {x}. What should {he} say? | I am thinking of something that {x}. What might it be?
Tell me what {x}. | Which thing do you know that {x}? | Of the things in this world, which {x}?
"""

# --- bodies, animals, jobs ----------------------------------------------------------------------------------------------------
WEAR = """
head > on the head > a hat | a cap | a crown | a helmet | a wig
- > on the feet > shoes | socks | boots | sandals | slippers | skates
- > on the hands > gloves | mittens | boxing gloves
- > around the neck > a scarf | a tie | a pearl necklace
head > over the eyes > sunglasses | swimming goggles | a sleep mask
- > on the wrist > a watch | a bracelet
- > on the legs > trousers | jeans | tights
- > around the waist > a belt
- > on a finger > a wedding ring | a thimble
head > on the ears > earrings | headphones | ear muffs
- > on the back > a backpack | a school bag
"""
WEAR_W = """
Where do people wear {x}? | Where on the body {does} {x} go? | {n} puts on {x}. Where? | Where should {x} be worn?
{n} bought {x} in town. Where will {he} wear that? | On which part of the body do we wear {x}? | Where would you put {x}?
You see {n} with {x}. Where on {him} do you see that? | Where {does} {x} belong when you wear it?
"""
BODY = """
- > the eyes > see colors | read a sign | watch a bird
- > the ears > hear music | listen to a story
- > the nose > smell a flower | notice a bad smell
- > the teeth > chew food | bite into an apple
feet > the legs > walk upstairs | run a race
hand > the hands > hold a cup | wave to a friend
- > the tongue > taste soup | lick an ice pop
- > the lungs > breathe air | take a deep breath
- > the heart > pump blood through the body
- > the brain > think about a problem | remember a name
feet > the feet > kick a ball | stand on tiptoe
- > the stomach > digest lunch | hold the food you ate
hand > the skin > feel a light touch | keep water out of the body
"""
BODY_W = """
Which part of the body do you use to {x}? | What do we need to {x}? | With what does {n} {x}?
To {x}, which part of the body has to work? | {n} wants to {x}. Which part of {his} body must be well?
Which part of you helps you to {x}? | If you could not {x}, which part of your body might be hurt?
"""
PART_W = """
What do you do with {x}? | What can people do with {x}? | For what do we have {x}?
{n} has hurt {x}. What is hard for {him} now? | What does the body need {x} for? | Which task is done by {x}?
Without {x}, what could nobody do?
"""
ANIMAL_EATS = """
green > grass > a cow | a sheep | a horse | a goat
green > leaves > a caterpillar | a giraffe | a koala
meat > meat > a lion | a tiger | a wolf | a crocodile
meat,fish > mice > a cat | an owl | a snake
fish,meat > fish > a penguin | a seal | a pelican | a heron
seed,bug > seeds > a sparrow | a pigeon | a canary
bug > insects > a frog | a bat | a spider | a swallow
seed > nuts > a squirrel | a chipmunk
green > carrots > a rabbit | a hare
green > bamboo > a panda
"""
ANIMAL_EATS_W = """
What does {x} eat? | What would you feed {x}? | {n} sees {x} eating. What is it eating? | What is the favorite food of {x}?
{x} is hungry. What will it look for? | {n} wants to bring some food for {x}. What should {he} bring? | What does {x} live on?
On what does {x} feed?
"""
BABY = """
- > a puppy > a dog
- > a kitten > a cat
- > a calf > a cow
- > a lamb > a sheep
- > a foal > a horse
bird > a chick > a hen
- > a piglet > a pig
- > a cub > a lion | a bear
bird > a duckling > a duck
- > a tadpole > a frog
- > a caterpillar > a butterfly
"""
BABY_W = """
What is the young of {x} called? | What do you call the baby of {x}? | {x} has a baby. What is it?
What will grow up to be {x}? | {n} found the little one of {x}. What did {he} find? | What was {x} when it was very young?
How do we call a small child of {x}?
"""
COVER = """
- > feathers > a hen | an eagle | a penguin | a parrot | a swan
fur > fur > a bear | a cat | a rabbit | a fox | a wolf
- > scales > a trout | a snake | a salmon | a lizard
fur > wool > a sheep | a lamb
- > a shell > a snail | a turtle | a crab
"""
COVER_W = """
What covers the body of {x}? | What does {x} have on its body? | {n} strokes {x}. What does {he} feel?
What is on the outside of {x}? | Draw {x}. What must be on its skin? | {x} wears no clothes. What does it have?
What would you see on {x} from up close?
"""
JOBS = """
bread > a baker > bakes bread at night | makes rolls and cakes | sells fresh loaves
health > a doctor > finds out why people are ill | gives medicine to patients | looks after sick people
health > a nurse > helps patients in a hospital | gives shots and changes bandages
- > a teacher > teaches children to read | gives homework | writes on the blackboard
farm > a farmer > grows corn | milks cows | drives a tractor over the fields
- > a pilot > flies a plane | sits in the cockpit
pipe > a plumber > repairs leaking pipes | puts in sinks and toilets
- > a mechanic > repairs cars | changes brakes and oil
bread,food > a cook > makes meals for guests | works in a restaurant kitchen
food > a waiter > brings food to the table | takes orders from guests
save > a firefighter > puts out fires | saves people from burning houses
save > a police officer > catches thieves | stops drivers who go too fast
health > a dentist > fills holes in teeth | checks teeth
animal,health,farm > a vet > gives shots to dogs | treats a horse with a bad leg
  | makes sick animals well again | looks after cats and dogs that are ill
- > a librarian > lends books | puts books back on their shelves
- > a hairdresser > cuts hair | washes and dyes hair
wood > a carpenter > builds tables and shelves | cuts and joins wood
- > a tailor > makes suits | makes long trousers shorter
paint > a painter > paints walls | mixes colors
farm > a gardener > cuts hedges | plants flowers in the park
- > a mail carrier > brings letters | puts mail into boxes
- > a judge > decides who is guilty | leads a trial in court
stage > a singer > sings on a stage | makes records of songs
stage > an actor > plays a role in films | learns lines for a play
- > a photographer > takes pictures at weddings | works with cameras
save > a lifeguard > watches swimmers | saves people from drowning
bread > a butcher > cuts and sells meat | makes sausages
pipe > an electrician > repairs wires | puts in light switches
- > a bus driver > drives people through the city | stops at every bus stop
- > an astronaut > flies into space | walks on the moon
- > a cashier > sits at the register | takes your money in a shop
- > a fisherman > catches fish with nets | goes out to sea for fish
stage > a clown > makes children laugh in the circus | wears a red nose at work
"""
JOB_W = """
Who {x}? | Which person {x}? | What do you call someone who {x}? | {n} {x}. What is {his} job?
Whose job is this: a person who {x}? | Which worker {x}? | {n} met someone who {x}. Who was that? | Which of these people {x}?
In our street lives a woman who {x} every day. What is she?
When {n} grows up, {he} wants to be a person who {x}. What is that? | By trade, who {x}?
If somebody {x} for a living, what is the job?
"""
WORK_W = """
What does {x} do? | What is the job of {x}? | {n} is {x}. What does {he} do all day? | How would you explain what {x} does?
Explain to a child what {x} does. | {n} works as {x}. Which of these things does {he} do? | What can you say about {x} at work?
What does {x} get paid for? | Each day {x} goes to work. What happens there?
"""
WORKPLACE = """
ill > in a hospital > a doctor | a nurse | a surgeon
- > in a school > a teacher | a principal
farm > on a farm > a farmer
water > in a plane > a pilot | a flight attendant
food > in a restaurant > a waiter | a cook | a chef
- > in a garage > a mechanic
- > in a library > a librarian
- > in a court > a judge
stage > on a stage > an actor | a singer | a dancer
food > in a bakery > a baker
- > at the pool > a lifeguard
farm > in a garden > a gardener
water > on a ship > a sailor | a captain
- > in a mine > a miner
- > in a shop > a cashier | a shop assistant
- > in space > an astronaut
- > in a laboratory > a scientist
stage > in a church > a priest
- > in an office > an accountant
- > at a fire station > a firefighter
"""
WORKPLACE_W = """
Where does {x} work? | Where would you meet {x} at work? | {n} is {x}. Where does {he} spend the day?
What is the work place of {x}? | {n} wants to talk to {x}. Where should {he} go? | In which place is {x} needed?
{n} got a job as {x}. Where will {he} be on Monday? | Where is the usual place of {x}? | If you need {x}, where could you ask?
"""
WITH = """
food > flour and dough > a baker
- > paint and brushes > a painter
pipe > pipes and taps > a plumber
- > wood and nails > a carpenter
- > scissors and combs > a hairdresser
- > a hose and a ladder > a firefighter
- > cloth and thread > a tailor
food > pots and pans > a cook
- > seeds and a tractor > a farmer
- > chalk and school books > a teacher
- > cars and engines > a mechanic
- > letters and packages > a mail carrier
- > nets and a boat > a fisherman
- > books and shelves > a librarian
- > pills and bandages > a nurse | a doctor
- > wires and plugs > an electrician
- > a camera > a photographer
- > coins and a register > a cashier
food > sharp knives and meat > a butcher
"""
WITH_W = """
What does {x} work with? | Which things does {x} use every day? | {n} is {x}. What does {he} have in {his} hands at work?
What would {x} need for the job? | What do you see in the work room of {x}? | Without what could {x} not work?
{n} draws {x} at work. What should be in the picture? | What are the tools of {x}?
"""
CALL = """
pipe > a plumber > the toilet is blocked | water drips from a pipe under the sink | the kitchen sink is full and will not drain
- > a mechanic > the car makes strange noises | the brakes of the car do not work
fire > an electrician > sparks come out of the wall socket | no light switch in the house works
health > a dentist > a tooth hurts at every bite | a piece of a tooth broke off
health > a doctor > a fever does not go down for a week | a bad cough does not stop
health > a vet > the cat does not eat and has a swollen paw | the rabbit is ill
fire > a firefighter > flames come out of a window | a cat is stuck on a burning roof
police > a police officer > someone broke into the shop at night | a stranger took the purse of an old lady
pipe > a roofer > tiles fell off the roof | the storm tore a hole in the roof
- > a hairdresser > the hair is too long | a bride wants beautiful hair for her wedding
- > a tailor > the new suit is too wide | the zipper of the dress has to be replaced
key > a locksmith > the key broke in the lock | the door fell shut and the key is inside
- > a teacher > a pupil does not understand the lesson | two children fight in class
- > a lifeguard > a swimmer waves for help | a child in the pool cannot stay above the water
- > a waiter > the guests want to pay for their meal | there is a fly in the soup at the restaurant
- > a librarian > a reader cannot find a book in the library
"""
CALL_W = """
{x}. Who can help? | If {x}, whom should you call? | {x}. Whom would you ask? | Who is the right person when {x}?
Suppose {x}. Who should come? | {x}. {n} picks up the phone. Who will {he} ask for? | Whose help do you need if {x}?
Who knows what to do when {x}? | Imagine that {x}. Which person is needed now?
"""

# --- what happens to things: `tags > results > things > events` ---------------------------------------------------------------
EVENTS = """
crack,roll > It breaks. | It breaks into pieces. > a vase | a mirror | a dinner plate | an egg | a light bulb | a glass
  | a flower pot > {x} falls down the stairs | {n} drops {x} on the hard floor | {x} slips out of {n}'s hands on the street
fall > It bounces. | It jumps back up. > a tennis ball | a basketball | a rubber ball > {n} throws {x} on the ground
  | {x} falls on the sidewalk
soft,wind > It lands softly. > a pillow | a sweater | a towel | a teddy bear > {x} falls off a chair
  | {n} drops {x} on the floor
warm > It melts. | It gets soft and melts. > butter | a chocolate bar | an ice pop | a snowball | ice for a drink
  > {x} lies in the hot sun
  | {n} forgets {x} in a hot car | {x} stays next to the heater for hours
warm,dry,wind > It dries. | It gets dry. > a wet towel | a wet swimsuit | a wet dog | the wet street
  > {x} stays in the sun all day | the warm wind blows on {x} for hours
water > It gets soggy. | It gets wet and soft. > a newspaper | a letter | a cardboard box | a paper map
  > {n} leaves {x} out in the rain | {x} falls into a puddle | someone spills water on {x}
water > It rusts. | It gets rusty. > an iron nail | a steel chain | an old metal gate | a bike without a roof
  > {x} stays outside in the rain for months | {n} leaves {x} in a wet garden all winter
water > It dissolves. > a spoon of sugar | a pinch of salt | a cube of sugar > {n} stirs {x} into hot water
  | {x} falls into a cup of tea
freeze > It freezes. | It turns into ice. > water | a puddle | apple juice | the lake > {x} stays below zero all night
  | it gets icy cold around {x}
burn,heat > It burns. | It catches fire. > dry paper | a pile of straw | a dry branch | a wooden match
  > {n} holds a flame to {x} | {x} falls into the camp fire | a spark lands on {x}
water > It sinks. > a stone | a coin | an iron key | an anchor > {n} throws {x} into the lake | {x} falls from a boat
water,soft,wind > It floats. > a cork | a wooden board | an empty bottle | a rubber duck > {n} puts {x} into the bath
  | {x} drops into the river
rot,warm,dry > It goes bad. | It spoils. > raw fish | a bowl of cream | fresh meat | cooked rice
  > {n} forgets {x} on the table for three days | {x} stays out of the fridge all week
rot,dry > It gets stale. > a slice of bread | a bread roll | a loaf of bread > {x} lies open on the table for days
rot,dry > It rots. > an apple | a banana | a tomato | a peach > {n} forgets {x} in a bag for a month
  | {x} lies on the ground for many weeks
dry > It wilts. | It dries out. > a rose in a vase | a young tomato plant | a pot of herbs
  > nobody gives water to {x} for weeks | {x} gets no rain at all
wind > It blows away. > a paper hat | a dry leaf | a loose newspaper | a plastic bag > a strong wind blows at {x}
  | {n} lets go of {x} in a storm
crack > It pops. | It bursts. > a balloon | a soap bubble > {n} touches {x} with a needle | {x} meets a sharp thorn
heat > It boils. | It starts to bubble. > a pot of water | a pan of soup | a kettle full of water
  > {n} leaves {x} on a hot stove for a while
heat > It gets crisp and brown. > a slice of bread | a cookie | a pizza > {x} is in the hot oven for the right time
  | {n} bakes {x}
rise,wind,heat > It rises. | It gets bigger. > bread dough | cake batter with baking powder > {x} stands in a warm oven
  | {n} slowly bakes {x}
roll,fall,wind > It rolls down. > a ball | a marble | a round stone | a wheel > {n} lets {x} go on top of a hill
  | {x} is pushed down a steep street
rise,grow > It grows. > a seed | a small plant | a young tree > {x} gets sun and water | {n} takes good care of {x} in spring
water > It gets clean. > a muddy shirt | a dirty plate | a greasy pan > {n} washes {x} with soap
  | {x} lies in soapy water and is scrubbed
grow,rise,crack,fall > It gets longer. | It stretches. > a rubber band | a piece of chewing gum > {n} pulls at both ends of {x}
wind,warm,burn > It goes out. | It stops burning. > a candle | a match > {n} blows at {x} | a gust of wind hits the flame of {x}
"""
EVENT_W = """
What happens when {x}? | {x}. What happens? | Suppose {x}. What will happen? | If {x}, what is the result?
{x}. What do you expect to see? | What would you see if {x}? | {x}. How does this end? | Imagine that {x}. What comes of it?
{x}. What is the most likely result? | What is likely to happen if {x}? | What changes when {x}?
{x}, and a child is watching. What does the child see? | On a normal day {x}. What follows? | Say that {x}. What will come next?
"""

# --- feelings and routines ----------------------------------------------------------------------------------------------------
FEEL = """
joy > happy | glad > got a new puppy | met an old friend again | heard that the holidays start today
  | got a big hug from grandma | found a lost toy
joy > proud > came first in the race | built a boat all alone | learned to ride a bike | got the best grade in class
  | taught the dog a hard trick
pain > sad > said goodbye to a good friend for ever | lost a dear old cat | watched {his} best friend move away
  | dropped the only photo of grandpa into the sea
pain,fear > angry > saw someone break {his} bike on purpose | got pushed by a rude man
  | found that a friend told lies about {him}
body,dull,joy > tired > worked all night long | carried boxes up the stairs all day | walked twenty miles
  | did not sleep for two days
body > hungry > ate nothing all day | cried for milk and looked at the empty bottle
  | skipped breakfast and lunch | had no food for two days
body > thirsty > drank nothing all day | ate a whole bag of salty chips | crossed the dry desert with an empty bottle
fear,pain > cold | chilly > stood in the snow without a coat | fell into an icy lake
  | slept outside in the frost with no blanket
body,joy > hot > wore a thick sweater in July | sat next to the big fire in a fur coat | danced in a full hall in summer
fear > scared | afraid > heard strange steps in the dark | met a big growling dog | saw a snake in {his} bed
  | got lost in the dark forest
dull,body,pain > bored > waited three hours with nothing to do | heard the same long speech again
  | sat in the car all day without a game
fear > nervous | worried > had to speak to the whole school | waited for a hard test to begin | went to the first job interview
joy,fear > surprised > opened the door and found all friends inside | saw snow in June
  | met the teacher on a far island by chance
dull,pain,fear > lonely > moved to a city without any friends | sat alone at lunch every day
  | spent the holidays with nobody else
body,fear > sick | ill > ate bad fish | sailed through very high waves | ate a whole box of candy
pain,fear > embarrassed | ashamed > fell off the stage in front of everyone | called the teacher mom | spilled soup on a guest
joy > thankful > got help from a kind stranger | was saved from the river | got a warm meal on a bad day
joy > relieved > found the lost keys after a long search | heard that nothing was broken after the fall
  | reached the last bus just in time
pain > jealous > saw {his} brother get a much bigger gift | watched {his} best friend play with someone else
joy > calm | relaxed > lay in a warm bath with soft music | sat by a quiet lake all evening | listened to gentle rain in bed
"""
FEEL_W = """
{n} {x}. How does {he} feel? | How does {n} probably feel after {he} {x}? | {n} {x}. Which feeling fits?
Yesterday {n} {x}. How did {he} most likely feel? | Which word says how {n} felt when {he} {x}?
{n} {x}. What was {he} like then? | When {n} {x}, what did {he} feel? | {n} {x}. You look at {his} face. How does {he} look?
I heard that {n} {x}. How do you think {he} felt? | {n} {x} last week and still remembers how that felt. How was it for {him}?
How was {n} after {he} {x}? | In what mood was {n} when {he} {x}? | Imagine how {n} felt: {he} {x}. What was the feeling?
"""
MOOD_W = """
Why is {n} {x}? | {n} is very {x} today. What may have happened? | {n} looks {x}. What is a good reason?
What could make {n} {x}? | {n} feels {x}. Why? | Why might {n} be so {x}? | {n} came home and was {x}. What had happened?
What made {n} {x}? | Everyone can see that {n} is {x}. What is behind it?
"""
ROUTINES = """
body > put toothpaste on the brush | brush your teeth | rinse your mouth
food > boil some water | pour the hot water over a tea bag | wait a few minutes | take out the tea bag | drink the tea
wash > collect the dirty clothes | put the clothes into the washing machine | hang the wet clothes on the line
  | fold the dry clothes
plant > dig a small hole | put a seed into the hole | cover the seed with soil | water the soil
mail > write a letter | put the letter into an envelope | stick a stamp on the envelope | drop it into the mailbox
food > mix eggs and flour and sugar | pour the batter into a baking pan | bake the cake in the oven | let the cake cool
  | put icing on the cake
body > put on pajamas | climb into bed | turn off the lamp | fall asleep
body > wake up | get out of bed | get dressed | leave for school
way > write a shopping list | go to the store | fill the shopping cart | pay at the register | carry the bags home
way > wait at the bus stop | get on the bus | show your ticket | sit down on a free seat | get off at the right stop
way > unlock the car | sit behind the wheel | start the engine | drive off
body > fill the tub with warm water | climb into the tub | wash with soap | dry off with a towel
paint > cover the floor with paper | open the can of paint | paint the wall | wash the brushes
food,way > sit down at a table in the restaurant | read the menu | order a meal | eat the meal | pay the bill
way > pack the suitcase | ride to the airport | check in the bags | board the plane
sick > make an appointment with the doctor | sit in the waiting room | tell the doctor what hurts | get medicine at the pharmacy
camp > find a flat place in the woods | set up the tent | gather wood | light a camp fire | cook over the fire
tire > take off the flat wheel | find the hole in the tube | glue a patch on the hole | pump up the tire
gift > buy a present | wrap the present | tie a ribbon around it | give the present to a friend
food > scrape the food off the plates | scrub the plates with soap | rinse the plates | put the clean plates away
test > listen to the teacher | study at home | take the test | get a grade
food > cut two slices of bread | spread butter on the slices | lay cheese on top | bite into the sandwich
"""
NEXT_W = """
After you {x}, what comes next? | What do you do after you {x}? | You have to {x}. What is the next step?
First you {x}. Then what? | Today you {x}. What should follow? | What is the next thing to do once you {x}?
The list says: {x}. What is on the next line? | Step one is to {x}. What is step two? | Right after you {x}, what should you do?
You {x}, just like every time. And then? | What normally comes after this: {x}?
"""
BEFORE_W = """
What do you do before you {x}? | Before you {x}, what must you do? | You want to {x}. What has to come first?
What comes right before this step: {x}? | You are ready to {x}. What did you just do? | What is the step before you {x}?
To be able to {x}, what did you have to do first? | Which step leads up to this one: {x}?
"""

# --- situations ---------------------------------------------------------------------------------------------------------------
# Why somebody does something: `tags > aims > reasons > what is done`.
WHY = """
cold,ill,germs > to keep warm | to stay warm outside > it was cold outside. > put on a thick coat | wear gloves and a scarf
  | pull a wool hat over {his} ears
sun,germs,safe > to avoid a sunburn | to protect the skin > the sun was strong. > rub sunscreen on {his} arms
  | sit under a big hat at the beach | stay in the shade at noon
noise,rest,cool > to block the noise | to have some quiet > it was too loud. > put on ear plugs at night
  | close the window during the road work | shut the door while the band plays
germs > to get rid of germs | to stay healthy > {his} hands were dirty. > wash {his} hands before lunch
  | use plenty of soap after work | scrub {his} fingers when coming home
memory > to remember it later > {he} often forgets things. > write a note for the next day | tie a knot in {his} scarf
  | put a list on the fridge door
safe > to avoid getting hurt | to protect the body > {he} did not want to get hurt. > wear a helmet on the bike
  | strap on knee pads before skating | put on a hard hat at a building site
thief > to keep thieves away > {he} was afraid of thieves. > lock the front door at night | hide {his} money in a safe
  | put a chain on the bike | get a guard dog
drink,cool,ill > to get rid of a dry throat > {he} was thirsty. > gulp down three glasses of lemonade
  | ask for a drink after the match
  | look for a water fountain
eat > to fill an empty stomach > {he} was hungry. > make a big sandwich at midnight | buy a hot dog at a stand
  | search the fridge for leftovers
rest,ill,germs,time,fit > to get some rest > {he} was very tired. > lie down after the night shift | take a nap on the sofa
  | go to bed before sunset
money,germs > to save money > {he} did not have much money. > put coins in a piggy bank every week | stop eating out for a year
  | buy only things on sale
learn,memory > to do well in the exam | to pass the test > {he} had a test the next day. > read the school book three times
  | spend the whole weekend with math problems | go over {his} notes again and again
fit,safe,germs > to stay fit | to get stronger > {he} wanted to be fit. > jog around the park every morning
  | lift weights twice a week | take the stairs and not the elevator
slip,safe > to prevent a fall > the ground was slippery. > spread salt on the icy steps
  | walk very slowly over the frozen path | hold on to the rail on wet stairs
fresh,cool,germs > to keep the food fresh | to stop the food from going bad > the food could go bad.
  > put the meat in the fridge
  | cover the leftovers and chill them | keep the fish on ice
dark,way,view,trip,safe > to see in the dark > it was too dark to see. > light a candle after sunset
  | switch on the lamp in the evening
  | carry a flashlight into the cave
cool,fit > to cool down > {he} was too hot. > turn on the fan | take off the sweater | jump into the lake in July
kind > to make someone happy | to be kind > a friend needed some joy. > bake a cake for a sick friend
  | bring flowers to {his} mother | carry the bags of an old lady
sorry,kind > to say sorry | to make up for a mistake > {he} felt sorry for a mistake. > write a long letter after a fight
  | buy a new cup for the one {he} broke | shake hands with the boy {he} pushed
animal,thief > to keep animals away > animals ate the plants. > build a fence around the vegetables
  | put a net over the cherry tree | stand a scarecrow in the field
view,learn,way > to see better > {he} could not see well. > get new glasses | hold the book close to {his} face
  | move to the front row in class
rain > to protect the wood from rain > rain is bad for wood. > paint the garden fence every year
  | put oil on a wooden bench outside | put a roof over the wood pile
oil > to stop the squeaking > the old metal made a bad noise. > put oil on the door hinge | drip oil on a bike chain
  | grease the wheels of the old cart
waste,money > to help the environment | to make less waste > there was too much waste. > sort paper and glass from the trash
  | take {his} own bag to the store | bring old cans back
time > to be on time | to get there early > {he} did not want to be late. > set out for the airport before dawn
  | take a taxi to the meeting | skip breakfast and rush out
ill > to get well again | to fight an illness > {he} was ill. > take cough syrup | stay in bed with hot tea
  | swallow a pill after breakfast
teeth,germs,fit,money > to keep the teeth healthy > {he} did not want bad teeth. > brush for two minutes every night
  | clean between the teeth with a thread | eat less candy
greet,kind > to say hello > {he} met someone {he} knew. > wave at a neighbor | smile and lift {his} hat
  | shake hands at the door
ask,learn,sorry,greet,memory > to ask a question > {he} did not understand something. > raise {his} hand in class
  | stop the guide during the tour
  | write to the teacher after the lesson
warn,safe > to warn others > there was a danger. > honk the horn near a ball on the road | shout when a branch falls
  | put a red sign next to the hole
praise,kind > to praise the show > the show was very good. > clap loudly after the concert
  | stand up and cheer for the dancers | throw roses at the singer
trip,safe,slip,guests > to avoid tripping > somebody might trip. > tie {his} shoes with a double knot
  | pick up the toys from the stairs | move the cable away from the door
burn,safe,cool,pain > to avoid a burn > it was very hot to touch. > put on oven gloves | blow on the soup
  | hold the pot with a thick cloth
pain,ill,cool > to ease the pain > something hurt. > put ice on a sore ankle
  | hold a cold cloth against the bump on {his} head | rub {his} stiff back
way > to find the way > {he} was lost. > look at a map at the crossroads | ask a stranger for directions
  | search for street signs
guests,kind,eat,secret,germs,memory > to get ready for guests > {he} expected guests. > set the table for eight
  | clean the whole house before dinner
  | make three cakes in one day
secret,kind > to keep it a surprise > it was meant as a surprise. > hide a present in the attic
  | stop talking about the party when the girl came in | buy the gift in secret
bugs,animal,thief,noise,cold,germs > to keep insects away > there were many insects. > hang a fine net over the bed
  | use bug spray before the hike
  | close the screen door quickly
clean,burn,safe,money > to keep the clothes clean > paint or food could leave stains. > put on an apron
  | tuck a napkin into {his} shirt
  | wear old trousers for painting
air,cool,dark,view,germs > to let in fresh air > the air was bad. > open the window after burning the toast
  | pull up the blinds and open the balcony door | air the room after class
calm,rest > to calm the baby > the baby could not sleep. > sing softly next to the crib | rock the cradle
  | walk up and down with the crying child
memory > to keep the memories > it was a special day. > take many photos at the wedding | glue pictures into an album
  | write a diary on the trip
fish,eat > to catch fish > {he} wanted fish for dinner. > sit by the river with a rod | put a worm on a hook
  | throw a net from the boat
birds,kind > to feed the birds > birds find little food in winter. > hang a bag of seeds in the tree
  | throw crumbs on the snowy lawn | fill the little wooden house with grain
quiet,noise,rest > so as not to disturb others | to be quiet | so as not to wake anyone > others wanted to have it quiet.
  > speak in a low voice among readers | walk on tiptoe past the bedroom | whisper during the film
crash,safe > to be safe in a crash | to be safer on the road > a crash can hurt people. > buckle up before the drive
  | fasten the belt on the back seat | put the baby into a child seat
wet,cold > to stay dry | to keep off the rain > {he} expected rain. > take a rain coat when clouds come up
  | carry an umbrella on a gray day | put on rubber boots before the storm
wake,time > to wake up in time | so as not to oversleep > {he} was afraid of oversleeping. > set two alarm clocks at night
  | ask a friend for a call at six | put the loud clock next to {his} ear
steam,fresh > to let the steam out | so that it does not get soggy > steam makes things wet and soggy.
  > leave the hot rolls in the open air | wait before {he} packs the warm bread | put the fresh cake on a rack
"""
WHY_PERSONAL_W = """
Why did {n} {x}? | {n} decided to {x}. Why? | {n} chose to {x}. What is the most likely reason? | Why did {n} want to {x}?
What made {n} {x}? | We saw {n} {x}. What was the reason? | For what reason did {n} {x}? | {n} had to {x}. Can you guess why?
Yesterday {n} did something: {he} began to {x}. Why might that be? | Everyone watched {n} {x}. Why did {he} do that?
{n} was about to {x}. What was behind this? | What was the likely reason for {n} to {x}?
A friend saw {n} {x} and understood at once why. Why?
"""
WHY_GENERAL_W = """
Why do people {x}? | Why would someone {x}? | What is the point if you {x}? | Why is it wise to {x}?
What is a good reason to {x}? | Why should you {x}? | What do people want when they {x}? | Some people {x}. What is their aim?
Why might a person {x}? | Many people {x} without thinking. What is the reason? | What does it help to {x}?
If you {x}, what do you do it for?
"""
CAUSE = """
tire > a nail went into the tire. | there was a hole in the tire. > the front tire of {n}'s bike is flat
  | all the air went out of the wheel on the way | the van stands on one flat tire
cold > {he} caught a cold. > {n} sneezes and has a runny nose | {n} coughed all night and has a sore throat
  | {n} has a fever and stays in bed
sleep,rain,jam,cold,key > {he} got up too late. > {n} missed the first lesson at school
  | the class had already begun when {n} came in
  | {n} ran to work with wet hair and no breakfast
rain > it rained in the night. > there were big puddles on the playground in the morning | the street was wet at sunrise
  | all the benches in the park were wet at dawn
snow,rain > it snowed in the night. > the whole garden was white in the morning | the cars stood under a thick white cover
  | children pulled their sleds up the hill before school
ball,theft,storm > a ball hit the window. > the kitchen window was broken and a baseball lay inside
  | there was broken glass next to a soccer ball | a pane of the shop broke while boys played outside
bulb,battery,storm > the bulb was burned out. > the desk lamp stays dark when {n} turns it on
  | the lamp made a small pop and went dark
  | one light in the hall does not work but all others do
battery,fuel > the battery was empty. > {n}'s phone went dark after many calls
  | the car did not start after its lights were on all night
  | the toy robot moved slower and slower and stopped | the remote control does nothing
fuel > the tank was empty. > {n} walked to the gas station with a can in {his} hand
  | the car stopped after the fuel light came on | the boat motor died far from the shore
oven,old > it was in the oven too long. > the cake was black and hard | the pizza tasted like coal
  | nobody could bite the dark dry cookies
salt > there was too much salt in it. > everyone asked for water after one spoon of the stew
  | {n}'s sauce tasted like sea water | the guests did not finish the potatoes and made a face
wash > the wash water was too hot. > {n}'s wool sweater came out of the wash two sizes smaller
  | the washed hat is too small for {n} now | after the laundry the socks only fit a doll
color,wash > a red shirt lost its color. > all the white socks came out of the washer pink
  | the bed sheets turned pink in the laundry | {n}'s white towels became pink
fall > {he} fell down. > {n} came home with torn trousers and a sore knee | {n} sits on the sidewalk with a bloody knee
  | {n} has scraped hands and dirt on {his} coat
mud,rain > the dog played in the mud. > there were brown paw prints all over the clean floor
  | the dog came in brown from nose to tail | {n} has to bathe the dog again
cat,ball,storm > the cat knocked it over. > the vase lay in pieces and a cat sat on the shelf above
  | the milk ran over the table while the cat walked away | the flower pot fell although nobody but the cat was there
warm,sun > it got warmer. > the snowman became smaller every hour | the ice on the lake became thin in March
  | water dripped from all the icicles
jam,fuel,storm,snow > there was an accident ahead. | there was a traffic jam. > cars stood still on the bridge for an hour
  | the bus came forty minutes late | {n} needed three hours for a short drive
belly,cold > {he} ate too much. > {n} has a stomach ache after the feast | {n} feels ill next to an empty box of candy
  | {n} cannot get up from the table after five plates of noodles
shoes > the shoes are too small. > {n}'s feet hurt in the new boots | {n} has sore toes and a blister
  | {n} walks home barefoot with the new shoes in {his} hand
sun,cold > {he} stayed in the sun too long. > {n}'s back is red and hot | {n}'s nose peels after the beach
  | {n} has a red face and a pale line under {his} watch
tooth > {he} has a bad tooth. > {n} holds {his} cheek and cannot chew | {n} cries out at a bite of cold ice
  | {n} has to go to the dentist at once
roof,rain > the roof had a leak. > a bucket stood in the attic to catch drops | water dripped from the ceiling when it rained
  | a wet spot grew on the bedroom ceiling
key > {he} lost the keys. > {n} could not get into {his} own house | {n} searched every pocket and then called a locksmith
  | {n} waits outside until the family comes home
mouse,theft,cat,rabbit > a mouse ate it. > the cheese was gone and there were tiny tooth marks on the plate
  | a small hole was in the bag of grain | crumbs and little black drops lay where the bread had been
rabbit,theft > rabbits ate them. > the carrots in the garden were gone and there were holes under the fence
  | {n}'s lettuce plants were eaten up to the ground | only the tops of the beets were bitten off
storm,rain,roof,ball > there was a strong storm. > trees lay across the road in the morning
  | roof tiles lay all over the street | the garden fence was blown flat
voice,cold > {he} shouted too much. > {n} had no voice after the match
  | {n} could only speak very softly the day after the concert | {n}'s throat was sore after an hour as a coach
short > {he} is too short. > {n} cannot reach the top shelf | {n} has to climb on a chair for the light switch
  | {n} sees nothing behind the tall people
net,battery > the internet was down. > no web page opened on any computer
  | the film on the tablet stopped and no message went out
  | nobody in the office could send an email
sad,tooth,fall,cold > the film was sad. > tears ran down {n}'s face in the cinema
  | many people came out of the movie with wet eyes
  | {n} needed tissues at the end of the movie
joke > {he} told a joke. > everyone laughed after {n} spoke | {n} made the whole table roar with laughter
  | the class giggled and {n} smiled
day,storm,snow > it was a holiday. > all the shops were closed on Monday | no child went to school that day
  | the offices were empty and flags hung from the houses
sweet > someone spilled sugar. > a long line of ants crossed the kitchen table | the floor is sticky and full of ants
  | wasps and ants gather on the counter
old,mouse > it was kept too long. > there are green spots on the bread | the milk smells bad and has lumps
  | the yogurt has fuzzy mold on it
steam,rain,roof > hot steam filled the room. > the mirror was white and wet after the shower
  | the bathroom window was covered with tiny drops | {n} could not see {his} face in the mirror after the bath
theft > someone stole it. > {n}'s bike was gone and a cut chain lay there
  | the purse was there on the bus and then it was gone | the shop door was forced and the best ring was missing
break,day > the lesson was over. > the playground was suddenly full of children | a bell rang and the pupils packed their bags
  | the children ran out of the classroom
door > someone was at the door. > the dog jumped up and barked in the hall | the bell rang and {n} got up from dinner
  | {n} heard a knock
thin,fall,warm > the ice was too thin. > {n} broke into the frozen pond | the lake cracked under the skaters
  | a warning sign stood by the frozen river
power,storm,bulb > the power was out. | the storm cut the power lines. > all the houses in the village went dark at once
  | no lamp in the whole town worked after the thunder | the elevator and all the lights stopped in the bad weather
heavy > it was too heavy. | the box was too heavy. > {n} could not lift the suitcase
  | {n} took some stones out before {he} could carry the bag | nobody was able to move the old piano
sweat,rain > it was sweat. | it came from {his} sweat. > {n}'s back was wet after the race in the heat
  | drops ran down {n}'s face on the way uphill | there were wet spots under {n}'s arms after the dance
pain > it hurt. | it was too hot and hurt. > {n} pulled {his} finger back from the stove
  | {n} touched an iron and jumped back | {n} let go of the hot cup at once
train,sleep > {his} train was about to leave. | {he} was late for the train. > {n} ran along the tracks with a bag
  | {n} jumped up the steps of the station and looked at the time | {n} raced to track five with a ticket
feet > someone walked there. | someone walked to the house. > there were marks of shoes in the wet sand
  | a line of steps crosses the white yard up to the house | {n} saw prints of boots in the mud
"""
CAUSE_W = """
{x}. Why? | {x}. What is the most likely cause? | {x}. How did that come about? | What could explain that {x}?
{x}. What must have happened? | Why do you think that {x}? | {x}. What is the reason? | Look at this: {x}. What was the cause?
What has probably happened if {x}? | It is easy to see that {x}. Where does that come from? | {x}. What would you guess?
They say that {x}. Give the most likely reason. | When {x}, what is most likely the cause? | How would you explain that {x}?
"""
DO = """
fire,alarm,crash > call the fire department | get out of the house > the curtains caught fire
  | thick smoke comes from the cellar
  | flames come out of the oven and grow
cut,ill > put a bandage on it | clean the cut > {n} cut {his} finger with a knife
  | {n} bleeds a little after a fall from the bike
  | there is a small bloody scratch on {n}'s arm
cut,burn,wash,ill > hold it under cold water > {n} burned {his} hand on the stove | hot tea ran over {n}'s arm
  | {n} touched a hot iron with a finger
lost > ask a store clerk for help > {n} cannot find the rice in a huge supermarket
  | a little child lost its mother between the shelves | {n} does not know the price of a lamp
spill,wash > wipe it up > {n} spilled juice on the table | a puddle of milk is on the kitchen floor | soup ran over the counter
battery > change the batteries > the remote control does not work any more | the wall clock stopped ticking
  | the flashlight is getting weak
search > look in all the pockets > {n} cannot find the house keys | {n} stands at the bus door and misses {his} ticket
  | the coins were in {n}'s coat but now they seem gone
tire > fix the tire | put on the spare wheel > {n} has a flat tire on a country road | a nail went into the wheel of the car
  | the car pulls to one side and one wheel has no air
water > get out of the water > thunder rolls while {n} swims in a lake | {n} sees a shark while swimming
  | {n} gets a cramp and shivers in the pool
baby,ill > change the diaper > the baby cries and smells bad | the diaper of the little boy is full
  | {n}'s baby is wet and unhappy
dishes,wash > wash the dishes > all the plates in the sink are dirty | after the party there is no clean glass left
  | {n} wants to set the table but every bowl is greasy
trash > take out the trash > the trash can is full and smells | {n} cannot press one more bag into the bin
  | tomorrow the garbage truck comes
window > close the window > an icy wind blows into the bedroom | rain comes in and wets the curtains
  | flies keep coming in from outside
light > turn on the light > {n} walks into a dark room | {n} wants to read and the sun has gone down
  | {n} cannot see the stairs at night
wait > wait for the next one > {n} missed the bus by a minute | the elevator is full | the train left just before {n} came
sorry,money > say sorry > {n} broke a friend's cup | {n} stepped on a stranger's foot | {n} was rude to {his} mother
  | {n} bumped into a man in the street
wallet,money > give it back to the owner > {n} found a wallet with a name in it | a man in front of {n} dropped his phone
  | a lady left her bag on the seat next to {n}
call > answer it > the phone is ringing | a friend sent {n} a question | {n} gets an invitation by mail
door,call > see who it is > someone knocks at the door | the door bell rings | {n} hears steps and a cough outside the door
ill,rest > stay in bed and rest | see a doctor > {n} woke up with a high fever | {n} has the flu
  | {n} feels weak and coughs all the time
way,lost > ask for the way > {n} is lost in a strange city | {n} cannot find the station
  | {n} has walked past the same church three times
rest > take a break > {n} gets sleepy while driving | {n} has worked at the screen for five hours
  | {n}'s legs shake after a long climb
stop,wait > stop and wait > the traffic light turns red | a train is coming and the gate goes down
  | a school bus lets children off in front of {n}'s car
leak > turn off the water > water sprays from a pipe in the kitchen | the bath tub is about to run over
  | the hose lies on the lawn and floods the path
hot,wait > wait until it cools > the cocoa is too hot to drink | the cake just came out of the oven and should be cut
  | the pan is still glowing but has to be cleaned
feed,baby > give it some food > the hungry dog stares at its bowl | the kitten cries next to an empty dish
  | the hamster has eaten its last seed
shoes > take off the shoes > {n} comes in with muddy boots | {n} wants to lie down on a clean bed
  | {n} has a stone in {his} sandal
lace,shoes > tie the lace > {n}'s left shoe is open | {n} nearly trips over {his} own shoe string
  | one shoe gets loose during the run
laundry,window > bring in the clothes > rain begins and the wash hangs outside | the shirts on the line are dry
  | dark clouds come while the sheets hang in the yard
study > study the book > {n} has a hard test tomorrow | {n} got a bad grade and wants a better one
  | {n} knows too little for the exam
friend,sorry > listen and give comfort > a friend of {n} is crying | {n}'s sister has lost her job and is sad
  | {n}'s best friend has failed the exam
snow > shovel the path > deep snow lies in front of the door | nobody can get to the house after the snow storm
  | the mail carrier cannot reach the mailbox in the snow
stain,wash > wash the shirt > {n} has ketchup on {his} collar | there is a dark stain on {n}'s sleeve
  | {n}'s best top smells of sweat
alarm,crash > press the alarm button > the elevator is stuck between two floors
  | {n} sits in a stopped cable car and nobody comes
  | someone has fallen out of the hospital bed
crash,ill > call an ambulance > {n} sees a bad car crash | an old man falls and does not wake up
  | a worker fell off a roof and cannot move
thirst,rest > drink some water > {n} has a dry mouth after a run | {n} feels dizzy in the heat
  | {n} has not drunk anything since the morning
battery > start it again > the computer is frozen and no key works | a program hangs and shows the same picture
  | the printer blinks and does nothing
grass,sorry > mow the lawn > the grass is up to {n}'s knees | the neighbors complain about the wild garden
  | nobody can play soccer in the high grass
library,wallet,sorry > return the book > {n} has finished the novel from the library
  | the library sends {n} a letter because of a late book | another reader waits for the book that {n} borrowed
rotten,trash > throw it away > {n} finds a moldy sandwich in {his} bag | the fish in the fridge smells awful
  | an old sponge falls apart
shop > go to the store > there is no bread left at home | {n} wants to bake but has no eggs | the fridge is empty
bee,window > let it fly out > a bee is in the room | a small bird has come in through the window
  | a butterfly beats against the glass
button,rotten > sew it back on > a button fell off {n}'s coat | the ear of the teddy bear came off
  | the pocket of the apron hangs by one thread
loud,sorry > turn down the music > it is midnight and the neighbors cannot sleep | the baby sleeps and the radio is loud
  | {n} cannot hear {his} friend at the party
charge,battery > charge the battery | plug it in > the phone has only one percent left
  | the screen of the tablet stays dark after a long day | the electric bike gets slower and slower
street,wait > look both ways | look left and right > {n} wants to cross the road
  | {n} stands at the side of a road with many cars
  | there is no traffic light where {n} has to cross
smoke,fire,alarm > check for a fire | look where the smoke comes from > the smoke alarm beeps
  | something in the house smells of fire | {n} smells smoke near the stove
plant > water the plants | give them water > the flowers in {n}'s pot hang down | the leaves are brown and the dirt is dry
  | nobody was at home to look after the roses for two weeks
lamp,light > use a small light | turn on a little lamp > {n} wants to read while a sister sleeps in the same room
  | {n} wants to find a book at night and not wake {his} wife | {n} has to write a note in the dark bedroom of the baby
"""
DO_W = """
{x}. What should be done first? | {x}. What is the best thing to do? | What should you do when {x}? | {x}. What now?
If {x}, what would be wise? | Suppose {x}. What is the right thing to do? | {x}. What would a sensible person do?
Imagine that {x}. What should happen next? | {x}. Which advice is good? | What is the first thing to do if {x}?
It happens every day somewhere: {x}. What helps? | {x}. Nobody else is around. What do you do? | {x}. How would you solve this?
What do you suggest when {x}?
"""
WHERE_IS = """
shop > in a supermarket > {n} fills a cart with bread and milk and pays at the register
  | {n} stands in front of long shelves of canned food | {n} weighs some apples and looks for the cheese
book,school > in a library > {n} reads between tall shelves and nobody speaks | {n} shows a card and takes five novels home
  | {n} brings back a book that is late
sea > at the beach > {n} builds a sand castle | {n} hears the waves and collects shells | {n} lies on a towel in the sand
air > at the airport > {n} shows a passport and looks for gate twelve | {n} watches planes land
  | {n} puts {his} suitcase on a belt and gets a boarding pass
zoo > at the zoo > {n} looks at lions behind a fence | {n} watches an elephant take a bath | {n} sees monkeys in a big cage
teeth,ill > at the dentist > {n} opens {his} mouth wide in a big chair | {n} hears a drill and holds on to the chair
  | someone looks at {n}'s teeth with a small mirror
film > in a cinema > {n} eats popcorn in front of a big screen | {n} sits in the dark and watches a movie with strangers
  | {n} looks for row seven before the film starts
ill > in a hospital > a nurse brings {n} some medicine in bed | {n} gets an operation
  | {n} visits a friend with a broken leg and a new baby
eat > in a restaurant > {n} reads a menu and calls the waiter | {n} orders soup and leaves a tip
  | a waiter brings {n} a plate of pasta
church > in a church > {n} sings a hymn and listens to the priest | {n} kneels in front of an altar
  | {n} hears the bells and sits down on a wooden bench to pray
pool > at the swimming pool > {n} swims from wall to wall | {n} jumps off the diving board
  | {n} smells chlorine and hears a lifeguard whistle
gym > in a gym > {n} lifts weights | {n} runs on a machine without getting anywhere
  | {n} does push-ups next to other sweaty people
school > in a classroom > {n} writes down what the teacher says | {n} raises {his} hand before speaking
  | {n} copies the words from the blackboard
farm > on a farm > {n} milks a cow at dawn | {n} collects eggs and feeds the pigs | {n} drives a tractor to the barn
wood > in the forest > {n} walks under tall trees and picks mushrooms | {n} hears an owl and stumbles over roots
  | {n} follows the tracks of a deer
past > in a museum > {n} looks at old paintings and must not touch them | {n} stands before the bones of a dinosaur
  | {n} reads small signs about ancient statues
post > at the post office > {n} buys stamps and sends a package | {n} asks how long a letter to Japan takes
  | {n} picks up a big box that came by mail
train > at a train station > {n} stands on the platform with a ticket | {n} hears that the train is ten minutes late
  | {n} looks for track nine
kitchen,eat > in the kitchen > {n} stirs a pot on the stove | {n} chops onions and heats some oil
  | {n} takes a cake out of the oven
bath > in the bathroom > {n} takes a hot shower | {n} brushes {his} teeth and looks into the mirror
  | {n} sits in the tub with foam up to {his} chin
hair > at the hair salon > someone cuts {n}'s hair | {n} looks in a mirror while a woman holds scissors near {his} ear
  | hair falls on the floor around {n}'s chair
gas > at a gas station > {n} fills the tank of the car | {n} stands at the pump and watches the price go up
  | {n} stops on the highway because the fuel is low
play > on a playground > {n} goes down a slide | {n} pushes a child on a swing | {n} sits in the sand box with a small bucket
ship > on a ship > {n} stands on deck and sees only water | {n} sleeps in a cabin that rocks
  | {n} waves to the harbor from the rail
"""
WHERE_IS_W = """
{x}. Where is {n}? | {x}. Where does this happen? | Where are we if {x}? | {x}. Which place is this? | {x}. Where would that be?
Guess the place: {x}. | In what place are you when {x}? | {x}. Can you tell where? | If {x}, where does it take place?
A short scene: {x}. Where does it play? | {x}. Name the most likely place.
"""
OCCASION = """
love > a wedding > the bride wears white and two people exchange rings | a couple says yes and the guests throw rice
  | a man and a woman kiss at the altar
party > a birthday > {n} turns ten and friends bring presents
  | {n} is one year older today and finds a card and gifts on the table
  | {n} invites friends because {he} was born on this day of the year
  | everyone sings and {n} blows out ten candles on a cake
sport > a soccer match > two teams run after a ball and the crowd shouts | someone scores a goal and the fans cheer
  | a referee shows a red card
music > a concert > a band plays and thousands sing along | the violins stop and everyone claps
  | {n} stands in front of a stage and hears loud guitars
storm > a thunderstorm > there are flashes in the sky and loud bangs | lightning hits a tree | heavy rain falls and it thunders
fire > a fire > red trucks with sirens race to a burning house | people run from a house full of smoke
  | flames come out of the roof
year,party > New Year > people count down to midnight and watch fireworks | rockets light up the sky at twelve in winter
  | everyone wishes each other well for the next twelve months
food > a picnic > {n} spreads a blanket on the grass and unpacks sandwiches
  | ants crawl over the cheese on a blanket in the park | a family eats from a basket under a tree
school > a school test > the pupils write in silence and the teacher watches
  | {n} must answer ten questions on paper before the bell | no child may look at the neighbor's paper
job > a job interview > {n} wears a suit and answers the boss's questions about {his} work life
  | {n} tells a company why it should hire {him} | {n} hopes to be chosen by the firm
race,sport > a race > the runners wait for the start signal | {n} crosses the finish line before all others
  | cars speed around a track
camp,food > a camping trip > {n} sleeps in a tent in the woods
  | a family sits by a small fire and later crawls into sleeping bags | {n} packs a tent and a gas cooker
move > moving day > all the furniture is carried into a big truck | {n} packs {his} whole home into boxes
  | friends carry {n}'s sofa up to the new flat
sale > a sale | cheap prices > long lines wait in front of the shop because everything costs half
  | red signs in the window say seventy percent off | {n} gets two coats for the price of one
snow > a snowball fight > children throw white balls and laugh | {n} hides behind a snow wall and takes aim
  | cold white lumps fly across the yard
sad > a funeral > people in black stand around a grave | the family cries as a coffin is carried out
  | flowers lie on a grave and a priest speaks
play > hide and seek > {n} counts to fifty with closed eyes while the others run off
  | one child looks behind every tree for the rest | {n} stays very quiet under the bed during a game
"""
OCCASION_W = """
{x}. What is going on? | {x}. What is this? | What is happening when {x}? | {x}. Which event is this?
What do you call it when {x}? | {x}. What would you say this is? | You see this: {x}. What is it?
If {x}, what event could it be? | {x}. What are we looking at? | {m} tells us about a day on which {x}. What was it?
"""
WANT = """
eat > to get food > the cat meows next to its empty bowl | the gulls follow a boy with a bag of chips
  | the bear tears open the trash bags
out,catch,enter > to go outside > the dog scratches at the garden door
  | the children look at the sunshine and put on their boots
  | the cat sits at the closed window and looks at a bird
sleep > to sleep > {n} yawns and looks at the bed | the baby rubs its eyes and cries | {n} puts on pajamas and asks for silence
order,eat,talk > to order a meal > {n} puts down the menu and waves to the waiter
  | {n} looks at the dishes of the day and raises a finger | {n} stands in line at the burger counter
drink > to drink > {n} holds an empty cup under the tap | the horse walks to the well | {n} licks {his} dry lips at the fountain
talk,eat,drink > to say something > {n} puts up a hand in the meeting | {n} clears {his} throat and taps a glass
  | {n} opens {his} mouth but the others keep talking
warm,sleep > to get warm > {n} shivers and moves closer to the fire | the cat lies down next to the stove on a cold day
  | {n} blows into {his} cold hands
buy > to buy shoes > {n} tries on boots in a shop | {n} asks if the sandals come in a bigger size
  | {n} walks up and down in front of a mirror in new sneakers
enter,warm > to come in > {n} knocks at a closed door | someone rings the bell and waits
  | the dog stands outside in the rain and barks at the door
film > to see a film > {n} shows a ticket at the cinema | {n} gets popcorn and looks for row four
  | {n} reads the movie times in the paper
repair,talk > to get something repaired > {n} brings a broken watch to the shop
  | {n} pushes a car with a smoking engine to the garage | {n} carries the torn boots to a shoemaker
nest > to build a nest > a bird carries small twigs to a tree | a swallow collects mud under the roof
  | a stork puts branches on the chimney
eat,hide > to store food > a squirrel buries nuts in autumn | {n} fills the cellar with jars of fruit
  | ants drag grains into their hill
way,talk > to find the way > {n} turns a map around and around | {n} stops at a street sign and frowns
  | {n} asks a police officer about the old bridge
job > to get a job > {n} sends letters to ten companies | {n} reads the offers for work in the paper
  | {n} tells a boss what {he} has learned
hide,sleep,warm > to hide > the mouse runs into its hole when the cat comes
  | {n} pulls the blanket over {his} head and keeps still
  | the child gets behind the curtain in a game
win > to win > {n} trains every day for the big race | the player checks the chess board for ten minutes
  | the team puts its best man in front of the goal
hug,sleep > to be picked up > the baby stretches its arms up to its mother
  | the small child cries and pulls at the father's coat
  | the toddler is tired of walking and stands in front of {n} with open arms
catch,eat > to catch a mouse > the cat sits still in front of a small hole | {n} puts a trap with cheese in the cellar
  | an owl stares at the grass and then dives
walk,out,enter > to go for a walk > the dog brings its leash | the dog jumps around {n} and the leash
  | {n} puts on hiking shoes and calls the dog
refund,repair,talk,buy > a refund | to get the money back > {n} carries a broken radio back to the shop with the bill
  | {n} shows the bill for a torn coat to the clerk | {n} brings a lamp back because it does not work
"""
WANT_W = """
{x}. What is the aim? | {x}. What is wanted here? | {x}. What for? | What is the wish behind it when {x}?
{x}. What is this about? | Why is it that {x}? | What can you tell about the plan if {x}? | {x}. What is the goal?
{x}. What does this show: the wish for what? | People notice that {x}. What may be the purpose? | {x}. What is meant to happen?
If {x}, what is most likely the goal?
"""
AFTER = """
fall > the plates will fall. > {n} carries ten plates on one hand and stumbles
  | a tall pile of plates on the tray leans more and more | the cat pushes the plates to the edge of the table
rain > it will rain. > the sky turns dark gray and the wind gets stronger | thunder comes closer and the air smells wet
  | heavy black clouds move over the town
warm > the food will get warm. > {n} leaves the fridge door open all day | the power of the freezer is cut for two days
  | {n} puts the cold rice into the microwave
over,tired,wake,wet > the tub will run over. > {n} lets the bath water run and goes out
  | the tap is open and the bath is nearly full
  | {n} falls asleep while the bath fills
stop > the car will stop. > {n} drives on with an empty tank | {n} presses the brake hard
  | smoke comes out of the engine and it gets slower
grow > the seeds will grow. > {n} plants seeds and waters them each day | the sun warms the wet field after planting
  | grains lie in good soil in spring
pop > the balloon will pop. > {n} blows more and more air into a balloon | the balloon drifts toward a thorn bush
  | a child plays with a needle next to the balloon
better,tired,pass > {he} will play better. > {n} practices the piano every day | {n} gets a very good guitar teacher
  | {n} spends each evening with {his} violin
ice,wet,trip > the ice will break. > {n} walks on a thinly frozen pond | a heavy truck drives onto the lake in March
  | cracks run through the frozen river under {n}'s feet
thief > someone will steal the bike. > {n} leaves {his} bike without a lock in the big city
  | the new bike stands unlocked at the station all night | thieves see an open bike shed
chase > the cat will chase it. > a mouse runs past the cat | {n} drags a string across the floor in front of the kitten
  | a small bird lands near the cat
boil,warm > the water will boil. > {n} puts a pot of water on the hot stove | {n} turns on the full kettle
  | a pan of water stands over the camp fire
freeze > the water will freeze. > {n} puts a tray of water into the freezer | a bucket of water stands outside in an icy night
  | it gets ten below zero and the pond is still
hungry,tired > {he} will be hungry. > {n} eats nothing all day | {n} has only an apple for lunch and then works on the farm
  | {n} forgets {his} lunch bag at home
tired,late > {he} will be tired. > {n} stays up all night | {n} hikes from dawn to dusk | the crying baby wakes {n} every hour
bite,thief > the dog will bite. > {n} pulls the tail of a strange dog | the angry dog growls and {n} comes closer
  | a thief climbs over the fence of a guard dog
pass,tired > {he} will pass the test. > {n} studies hard for weeks | {n} knows every answer in the book before the exam
  | {n} learns with the best teacher in school
trip,tired,late,fall > {he} will trip. > {n} runs with open shoe laces | {n} reads while walking and a step is ahead
  | toys lie all over the dark stairs as {n} comes down
snow,rain > it will snow. > it is far below zero and white clouds hang low
  | the winter sky is gray and the first flakes come down
  | the weather report promises a white night
burn,warm > the bread will burn. > {n} forgets the toast in the toaster | the loaf stays in the oven two hours too long
  | {n} holds a slice of bread too close to the flames
wake,late,tired > {he} will wake up. > the alarm clock rings next to {n}'s bed | the sun shines on {n}'s face in bed
  | {n} sleeps and the dog jumps on the bed
wet,rain,lost > {he} will get wet. > {n} goes out in a downpour with no coat | a car drives through a puddle next to {n}
  | {n} stands under a tree full of rain drops and shakes it
lost,tired,late,wet,hungry,trip > {he} will get lost. > {n} walks into a big forest without a map
  | {n} drives in a strange city and the signs are missing | {n} leaves the path in thick fog
end > the game will end. > the referee checks the time and puts the whistle to {his} lips
  | one player has only the king left on the board | the score is fixed and only a second is left
late,tired > {he} will be late. > {n} misses the last bus to work | {n} is still in bed when school begins
  | {n} waits in a traffic jam and the meeting starts now
clean,wet,tired > the floor will be clean. > {n} takes a mop and hot soapy water | {n} vacuums and then scrubs the tiles
  | the robot cleaner drives through the whole kitchen
"""
AFTER_W = """
{x}. What will probably happen next? | {x}. What comes next? | {x}. What will happen? | What will happen if {x}?
{x}. How will this go on? | What is the most likely end when {x}? | {x}. What can you expect?
Guess what will happen soon: {x}. | If {x}, what will follow? | {x}, and everyone can see what is coming. What is it?
What do you think will happen after {x}? | {x}. What must we fear or hope for?
Nobody is surprised by what comes after this: {x}. What comes?
"""

# Choices that are never right, by form.
ABSURD = """
place > on the moon | inside a loaf of bread | in a bird's ear | under the ocean floor | on top of a cloud | in a giant's shoe
go > the moon | the inside of a drum | a rabbit hole | the top of a lamp post | a mouse's house
thing > a ghost | a yawn | last Tuesday | a volcano | an echo | a dragon's egg | the equator | half a mountain
part > bark at the moon | fly to school | glow in the dark | lay an egg | turn blue and hop away
stuff > music | moonlight | laughter | thunder | old jokes | dreams | yesterday | whispers
kind > a kind of weather | a loud number | a sleepy planet | a secret language | a Tuesday
color > loud | round | sleepy | transparent music | hungry
food > bicycles | pillows | old radios | road signs | umbrellas | candles
person > a goldfish | a teapot | a snowman | a sleeping baby | a statue | a king's horse
does > paints clouds with milk | sells dreams to fish | counts the hairs of a moose | teaches stones to sing
  | sleeps inside a piano
aim > to make the moon jealous | to turn into a tree | to paint the ocean | to teach a fish to read | to make time go backward
  | to grow a second nose | to please a stone
base > count the clouds | sing to the wall | paint the cat | bury a shoe | dance with a lamp | teach a spoon to swim
  | eat the key
it > It sings. | It flies to the moon. | It turns into gold. | It falls asleep. | It asks a question. | It learns to swim.
said > the moon was hungry. | a cloud fell in love. | the walls were bored. | time ran backward. | a fish wrote a letter.
will > the moon will laugh. | the house will fly away. | the spoons will start to dance. | the sun will turn blue.
  | a tree will sing.
mood > square | wooden | made of cheese | two meters long | too blue | full of furniture
done > {he} turned into a chair. | {he} ate the moon. | {he} was born tomorrow. | {he} married a river. | {he} became a cloud.
event > a dragon parade | a race of clouds | a meeting of spoons | the birth of a mountain | a fish wedding
"""
